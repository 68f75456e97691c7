"""The command line, as far as it needs no server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("chatcore"))


def run(*argv: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *argv], check=False, capture_output=True, text=True, timeout=60, env=settings)


def test_configuration_mistakes_are_listed_and_give_78() -> None:
    done = run("config", CHAT_PROT="1", CHAT_PORT="x", CHAT_PUSH_TTL="soon")
    assert done.returncode == 78
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0] == "configuration: CHAT_PROT: unknown setting; did you mean CHAT_PORT?"
    assert len(lines) == 3


def test_effective_settings_are_printed_without_secrets() -> None:
    done = run("config", CHAT_REDIS_URL="redis://:hunter2@h/0", CHAT_PING_INTERVAL="500ms", CHAT_PONG_TIMEOUT="400ms")
    assert done.returncode == 0
    assert "CHAT_REDIS_URL=redis://:***@h/0" in done.stdout
    assert "CHAT_PING_INTERVAL=0.5" in done.stdout
    assert "hunter2" not in done.stdout


def test_a_gateway_says_what_it_cannot_do_without() -> None:
    done = run("gateway")
    assert done.returncode == 78
    assert "CHAT_POSTGRES_DSN: this process needs it" in done.stderr
    assert "CHAT_REDIS_URL: this process needs it" in done.stderr


def test_injected_names_are_explained_in_the_log() -> None:
    done = run("config", CHAT_PORT="tcp://10.0.0.1:80", CHAT_LOG_FORMAT="console")
    assert done.returncode == 0
    assert "Kubernetes injects these" in done.stderr
    assert "CHAT_PORT=8080" in done.stdout
