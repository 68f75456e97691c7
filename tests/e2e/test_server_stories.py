"""Official server libraries of several versions tell the same stories, each against another node."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cluster import Cluster

from .tokens import ACCOUNT, AUTH_TOKEN

ROOT = Path(__file__).parents[2]
JS = Path(__file__).parent / "js"
OLD_LIBRARY = ROOT / ".venv" / "twilio-7"
PATIENCE = 120.0  # seconds for one story
PYTHON_STORIES = [
    "onboarding",
    "private_channel_with_roles",
    "moderation",
    "invites",
    "paging_of_channels",
    "attributes_byte_for_byte",
    "older_versions",
]
NODE_STORIES = [
    "onboarding",
    "privateChannelWithRoles",
    "moderation",
    "invites",
    "pagingOfChannels",
    "attributesByteForByte",
    "olderVersions",
]


def tell(command: list[str], folder: Path, **environment: str) -> str:
    """What a story printed last."""
    told = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "STORY_ACCOUNT": ACCOUNT, "STORY_SECRET": AUTH_TOKEN, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout.strip()


@pytest.mark.parametrize("story", PYTHON_STORIES)
@pytest.mark.parametrize(("version", "node"), [("9", 0), ("7", 1)])
def test_python(shared_cluster: Cluster, version: str, node: int, story: str) -> None:
    path = {"PYTHONPATH": str(OLD_LIBRARY)} if version == "7" else {}
    url = shared_cluster.nodes[node].url
    told_by = tell([sys.executable, "-m", "tests.e2e.server_stories", story, url], ROOT, **path)
    assert told_by.startswith(f"{version}."), "make setup-dev installs both versions"


@pytest.mark.parametrize("story", NODE_STORIES)
def test_node(shared_cluster: Cluster, story: str) -> None:
    node = shutil.which("node")
    assert node is not None, "Node 20 or newer is needed for the SDK tests (https://nodejs.org)"
    tell([node, "server-stories.mjs", story, shared_cluster.nodes[0].url], JS)
