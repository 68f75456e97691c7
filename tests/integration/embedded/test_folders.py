"""Where embedded servers keep their files."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatcore.child import Account
from chatcore.embedded import folders
from chatcore.embedded.errors import EmbeddedError
from chatcore.embedded.folders import DataDir
from tests.support.servers import temporary_data_dir

STRANGER = Account(uid=54321, gid=54321)


@pytest.fixture
def path() -> Iterator[Path]:
    chosen = temporary_data_dir()
    chosen.mkdir(mode=0o755)
    yield chosen
    shutil.rmtree(chosen)


def test_one_process_at_a_time(path: Path) -> None:
    one, two = DataDir(path), DataDir(path)
    assert one.lock()
    assert not two.lock()
    one.unlock()
    assert two.lock()
    two.unlock()


def test_secrets_are_made_once_and_kept_private(path: Path) -> None:
    data = DataDir(path)
    secret = data.secret("key")
    assert data.secret("key") == DataDir(path).secret("key") == secret
    assert len(secret) == 64
    assert stat.S_IMODE((path / "key").stat().st_mode) == 0o600
    data.remove("key")
    data.remove("key")
    assert data.read("key") is None


def test_permissions_of_existing_folders_stay(path: Path) -> None:
    path.chmod(0o750)
    DataDir(path).socket_folder(None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o750


def test_long_paths_get_short_sockets(path: Path) -> None:
    deep = path / ("x" * 100)
    data = DataDir(deep)
    sockets = data.socket_folder(None)
    try:
        assert len(os.fsencode(sockets)) < 40
        assert (deep / "run").resolve() == sockets
        assert data.socket_folder(None) == sockets
    finally:
        shutil.rmtree(sockets)
    again = data.socket_folder(None)
    assert again != sockets
    shutil.rmtree(again)


def test_a_folder_that_others_may_enter_is_refused(path: Path) -> None:
    (path / "run").mkdir(mode=0o755)
    with pytest.raises(EmbeddedError, match="mode 0755"):
        DataDir(path).socket_folder(None)


def test_reach_ends_at_a_closed_folder(path: Path) -> None:
    closed = path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "file").touch(mode=0o644)
    assert folders.reachable(path, STRANGER)
    assert not folders.reachable(closed / "file", STRANGER)
    assert not folders.reachable(closed / "absent" / "file", STRANGER)
    assert folders.reachable(closed / "file", None)
    closed.chmod(0o711)
    assert folders.reachable(closed / "file", STRANGER)
    (closed / "file").chmod(0o600)
    assert not folders.reachable(closed / "file", STRANGER)


def test_logs_start_afresh_when_they_are_large(path: Path) -> None:
    data = DataDir(path)
    with (path / "server.log").open("wb") as file:
        file.truncate(20 * 1024 * 1024)
    with data.log("server.log") as log:
        log.write(b"started\n")
    assert data.tail("server.log") == "started\n"
    assert (path / "server.log.1").exists()
