"""The `chatcore` command as an operator uses it beside a running cluster."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.support.cluster import Cluster


async def chatcore(cluster: Cluster, *argv: str) -> str:
    """What the command printed."""
    command = Path(sys.executable).with_name("chatcore")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
    environ["CHAT_DATA_DIR"] = str(cluster.data_dir)
    process = await asyncio.create_subprocess_exec(command, *argv, env=environ, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0, output
    return output.decode()
