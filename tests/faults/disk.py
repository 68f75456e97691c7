"""Disks that take nothing more, for PostgreSQL alone.

Two kinds. A *full disk* is a small file system of memory under the database's folder, shrunk to what it holds: writes
that need room fail with ENOSPC. That needs the right to mount. A *file limit* needs no right: the kernel refuses every
write of the server beyond a position in any file (RLIMIT_FSIZE, EFBIG), which hits the write-ahead log first and is
the hardest case: the server panics in the middle of a commit and recovers.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from pathlib import Path

import asyncpg

from chatcore.child import Account
from chatcore.embedded.folders import DataDir, account

ROOM = 1 << 30
"""Bytes of the small file system while all is well; memory is taken as it fills."""
SPARE = 256 * 1024
FILE_LIMIT = 64 * 1024
_PAUSE = 0.1


class Disk:
    """The database's own, if it could be mounted."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._folder: Path | None = None
        self.why_not = ""

    def mount(self) -> None:
        """Before the database is made. Says in `why_not` if it is not allowed."""
        who = account()
        folder = self._data.server_folder("postgres", who)
        owner = f"uid={who.uid},gid={who.gid}," if who is not None else ""
        options = f"{owner}mode=0700,size={ROOM}"
        why_not = _run("mount", "-t", "tmpfs", "-o", options, "chat-faults", str(folder))
        if why_not:
            self.why_not = f"a small file system cannot be mounted here ({why_not})"
        else:
            self._folder = folder

    def unmount(self) -> None:
        if self._folder is not None:
            _run("umount", "-l", str(self._folder))
            self._folder = None

    @property
    def mounted(self) -> bool:
        return self._folder is not None

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        assert self._folder is not None, "mounted"
        try:
            self._resize(shutil.disk_usage(self._folder).used + SPARE)
            yield
        finally:
            self._resize(ROOM)

    def _resize(self, size: int) -> None:
        why_not = _run("mount", "-o", f"remount,size={size}", str(self._folder))
        assert not why_not, why_not


async def keep_log_small(dsn: str) -> None:
    """So that a long run does not fill the small file system by itself."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("ALTER SYSTEM SET max_wal_size = '96MB'")
        await connection.execute("ALTER SYSTEM SET min_wal_size = '32MB'")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def file_limit(postmaster: Callable[[], int | None]) -> AsyncIterator[None]:
    """No session writes beyond FILE_LIMIT in any file. Only sessions: the limit counts for shared memory too, and a
    server that cannot recover for that reason is no longer the case of a full disk."""
    limited: set[int] = set()

    async def again() -> None:
        while True:
            fresh = _sessions(postmaster()) - limited
            if fresh:
                await asyncio.to_thread(_limit, fresh)
                limited.update(fresh)
            await asyncio.sleep(_PAUSE)

    first = _sessions(postmaster())
    assert first, "the database is in use"
    refused = _limit(first)
    assert not refused, refused
    limited |= first
    task = asyncio.create_task(again())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        _limit(_sessions(postmaster()) & limited, "unlimited")


def _limit(sessions: Collection[int], size: str = str(FILE_LIMIT)) -> str:
    """Why none of them could be limited, or nothing.

    As the server's own user: root may lack the right to limit others (CAP_SYS_RESOURCE).
    """
    if not sessions:
        return ""
    each = f'done=1; for pid; do prlimit --pid="$pid" --fsize={size}: && done=0; done; exit $done'
    return _run("sh", "-c", each, "sh", *map(str, sessions), who=account())


def _sessions(postmaster: int | None) -> set[int]:
    found = set()
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split():
            with contextlib.suppress(OSError):
                if b"chat chat [local]" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.add(int(child))
    return found


def _run(*argv: str, who: Account | None = None) -> str:
    """Why it failed, or nothing."""
    try:
        done = subprocess.run(
            argv,
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
            user=who.uid if who is not None else None,
            group=who.gid if who is not None else None,
            extra_groups=[] if who is not None else None,
        )
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else (done.stderr.strip() or f"exit code {done.returncode}")
