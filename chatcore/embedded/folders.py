"""Where embedded servers keep their files, and as whom they run.

PostgreSQL refuses to run as root. For root, servers run as an unprivileged account, and whatever they touch must be
reachable by it: a folder below a closed one (say `/root`, mode 0700) is replaced by one under `/var/lib/chatcore`, with
a symbolic link in its place. Permissions of folders that already exist are never changed.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
import stat
import tempfile
from pathlib import Path
from typing import BinaryIO, Final

from chatcore.child import Account
from chatcore.embedded.errors import EmbeddedError

SHARED: Final = Path("/var/lib/chatcore")
"""Root's own folder for what cannot stay in a folder that only root may enter."""

SECRET_KEY_FILE: Final = "secret.key"
"""Development's stand-in for CHAT_SECRET_KEY."""
BOOTSTRAP_FILE: Final = "bootstrap.json"
"""SIDs and secrets of the first account, key and service, so that every start prints the same."""

_SOCKET_PATH_LIMIT: Final = 107
"""Bytes in sun_path (unix(7)), without the closing zero."""
_LOG_LIMIT: Final = 16 * 1024 * 1024
_LONGEST_SOCKET: Final = len("/.s.PGSQL.5432")


def account() -> Account | None:
    """Whom servers run as: None stands for ourselves, which is everybody but root."""
    if os.geteuid() != 0:
        return None
    # initdb looks its own user name up, so a bare number does not do.
    for name in ("nobody", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise EmbeddedError(
        "PostgreSQL does not run as root, and there is no user `nobody` or `daemon`; start as another user"
    )


def reachable(path: Path, who: Account | None) -> bool:
    """Whether `who` may walk down to `path` (existing or not) and, for a file or folder, read it."""
    if who is None:
        return True
    resolved = Path(os.path.realpath(path))
    return all(_allows(step, who) for step in (resolved, *resolved.parents) if step.exists())


def _allows(path: Path, who: Account) -> bool:
    found = path.stat()
    execute = stat.S_ISDIR(found.st_mode)
    if found.st_uid == who.uid:
        wanted = stat.S_IRUSR | (stat.S_IXUSR if execute else 0)
    elif found.st_gid == who.gid:
        wanted = stat.S_IXGRP if execute else stat.S_IRGRP
    else:
        wanted = stat.S_IXOTH if execute else stat.S_IROTH
    return found.st_mode & wanted == wanted


def make_private(path: Path, who: Account | None) -> None:
    """Makes `path` a folder of mode 0700 that belongs to `who`; one that exists must already be so."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        _check_private(path, who)
        return
    if who is not None:
        os.chown(path, who.uid, who.gid)


def _check_private(path: Path, who: Account | None) -> None:
    found = path.lstat()
    owner = os.geteuid() if who is None else who.uid
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise EmbeddedError(
            f"{path} must be a folder of user {owner} with mode 0700, but belongs to user {found.st_uid} with mode "
            f"{stat.S_IMODE(found.st_mode):04o}: was it started by another user before?"
        )


class DataDir:
    """`CHAT_DATA_DIR`: one user at a time, secrets readable by their owner only."""

    def __init__(self, path: Path) -> None:
        """Creates the folder if it is not there."""
        self.path = path.absolute()
        self._lock: int | None = None
        # For root the folder is passed through by the account of the servers, which owns single folders inside.
        self.path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)

    def lock(self) -> bool:
        """Claims the folder for this process until it ends; False if another process has it."""
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._lock = descriptor
        return True

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def secret(self, name: str) -> str:
        """The secret kept under this name, made up on first use."""
        kept = self.read(name)
        if kept is None:
            kept = secrets.token_hex(32)
            self.write(name, kept)
        return kept

    def read(self, name: str) -> str | None:
        try:
            return (self.path / name).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def write(self, name: str, text: str) -> None:
        """Replaces the file as a whole; mode 0600."""
        descriptor, temporary = tempfile.mkstemp(dir=self.path, prefix=f".{name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path / name)

    def log(self, name: str) -> BinaryIO:
        """Where a server's output goes; started afresh once it has grown large."""
        path = self.path / name
        if path.exists() and path.stat().st_size > _LOG_LIMIT:
            os.replace(path, path.with_suffix(".log.1"))
        return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb")

    def tail(self, name: str) -> str:
        """The last lines of a log."""
        with (self.path / name).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 2000))
            return file.read().decode("utf-8", "replace")

    def remove(self, name: str) -> None:
        (self.path / name).unlink(missing_ok=True)

    def server_folder(self, name: str, who: Account | None) -> Path:
        """A private folder of `who` for data that must survive: here, or where a link from here points to."""
        here = self.path / name
        if here.is_symlink():
            return self._linked(here, who)
        if reachable(self.path, who):
            make_private(here, who)
            return here
        SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        elsewhere = SHARED / f"{name}-{secrets.token_hex(6)}"
        make_private(elsewhere, who)
        here.symlink_to(elsewhere)
        return elsewhere

    def socket_folder(self, who: Account | None) -> Path:
        """A private folder of `who` whose sockets have paths short enough for the kernel."""
        here = self.path / "run"
        if here.is_symlink():
            try:
                return self._linked(here, who)
            except FileNotFoundError:
                here.unlink()  # what it pointed to was temporary
        if len(os.fsencode(here)) + _LONGEST_SOCKET <= _SOCKET_PATH_LIMIT and reachable(self.path, who):
            make_private(here, who)
            return here
        elsewhere = Path(tempfile.mkdtemp(prefix="chat-", dir="/tmp"))
        if who is not None:
            os.chown(elsewhere, who.uid, who.gid)
        here.symlink_to(elsewhere)
        return elsewhere

    @staticmethod
    def _linked(link: Path, who: Account | None) -> Path:
        target = link.readlink()
        _check_private(target, who)
        return target
