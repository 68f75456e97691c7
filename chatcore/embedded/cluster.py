"""The files of a PostgreSQL cluster: making them, and clearing away what a killed server leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from chatcore.child import Account
from chatcore.embedded.errors import EmbeddedError

_log = logging.getLogger(__name__)

MAJOR: Final = "18"
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""Nothing of ours: PG* variables would change what the programs do, the rest is none of their business."""

_CREATION: Final = 60.0
_ORPHAN: Final = ((None, 15.0), (signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
"""What an orphaned server of this folder gets, and the seconds it has. It got SIGINT already when its parent died."""
_ORPHANED_SESSIONS: Final = ((None, 1.0), (signal.SIGTERM, 1.0), (signal.SIGQUIT, 1.0), (signal.SIGKILL, 5.0))
"""The same for sessions whose server was killed: idle ones leave by themselves, busy ones keep its memory in use."""
_POLL: Final = 0.02


def create(binaries: Path, cluster: Path, scratch: Path, password: str, who: Account | None, *, durable: bool) -> None:
    """Makes the cluster with one database, `chat`, and one role of the same name. Takes about a second; blocks.

    `scratch` is a private folder of `who`, where the password passes to `initdb` as a file.
    """
    others = sorted(entry.name for entry in cluster.parent.iterdir() if entry.name.isdigit())
    if others:
        raise EmbeddedError(
            f"{cluster.parent} holds data of PostgreSQL {', '.join(others)}, this is {MAJOR}: "
            "dump it with the old version and restore it with this one, as docs/operations.md describes"
        )
    _log.info("creating the embedded database", extra={"action": "initdb"})
    # Renamed into place at the end: half a cluster is never taken for one.
    unfinished = cluster.with_name("unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    password_file = scratch / "initdb.password"
    password_file.unlink(missing_ok=True)
    descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(password)
        if who is not None:
            os.fchown(descriptor, who.uid, who.gid)
    initdb = [str(binaries / "initdb"), f"--pgdata={unfinished}", "--username=chat", f"--pwfile={password_file}"]
    initdb += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"]
    initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", *(() if durable else ("--no-sync",))]
    try:
        _run(initdb, who)
        _run([str(binaries / "postgres"), "--single", "-D", str(unfinished), "postgres"], who, "CREATE DATABASE chat\n")
    finally:
        password_file.unlink(missing_ok=True)
    unfinished.rename(cluster)


def status(cluster: Path) -> tuple[int, str]:
    """Process id and state (`starting`, `ready`, `stopping`) of the server that holds this cluster; (0, "") if none.

    These are lines 1 and 8 of `postmaster.pid`, which `pg_ctl` reads too.
    """
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").splitlines()
        return abs(int(lines[0])), lines[7].strip() if len(lines) > 7 else ""
    except (FileNotFoundError, IndexError, ValueError):
        return 0, ""


async def make_free(cluster: Path, sockets: Path) -> None:
    """Waits for what is left of an earlier server to end, ends it if it does not, and removes stale lock files."""
    pid, _ = status(cluster)
    for number, grace in _ORPHAN if pid in _processes(cluster) else _ORPHANED_SESSIONS:
        left = _processes(cluster)
        if not left:
            break
        if number is not None:
            _log.warning("ending an earlier server", extra={"action": "end_orphan", "signal": number.name})
            for process in [pid] if pid in left else left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, number)
        deadline = time.monotonic() + grace
        while time.monotonic() < deadline:
            if not _processes(cluster):
                break
            await asyncio.sleep(_POLL)
    # PostgreSQL goes by the process id alone, which may belong to somebody else by now.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    (sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


def _processes(cluster: Path) -> set[int]:
    """Server processes of this cluster, sessions included: all have it as their working directory.

    So may a person's shell, hence the look at the program.
    """
    wanted = os.path.realpath(cluster)
    found = set()
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if entry.isdigit():
            with contextlib.suppress(OSError):
                program = os.readlink(f"/proc/{entry}/exe").removesuffix(" (deleted)")
                if os.readlink(f"/proc/{entry}/cwd") == wanted and program.endswith("/postgres"):
                    found.add(int(entry))
    return found


def _run(argv: list[str], who: Account | None, text: str = "") -> None:
    done = subprocess.run(
        argv,
        check=False,
        input=text,
        text=True,
        capture_output=True,
        timeout=_CREATION,
        env=ENVIRONMENT,
        cwd="/",
        user=who.uid if who else None,
        group=who.gid if who else None,
        extra_groups=[] if who else None,
    )
    if done.returncode != 0:
        raise EmbeddedError(f"{Path(argv[0]).name} failed:\n{done.stdout}{done.stderr}")
