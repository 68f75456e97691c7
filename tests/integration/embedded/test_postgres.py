"""The embedded PostgreSQL through starts, crashes and orphanhood."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import sys
from collections.abc import Iterator

import asyncpg
import pytest

from chatcore.child import Child
from chatcore.embedded import cluster
from chatcore.embedded.errors import EmbeddedError
from chatcore.embedded.folders import DataDir, account
from chatcore.embedded.postgres import DSN_FILE, EmbeddedPostgres
from tests.support.servers import temporary_data_dir


@pytest.fixture
def data() -> Iterator[DataDir]:
    path = temporary_data_dir()
    folder = DataDir(path)
    yield folder
    shutil.rmtree(path)


async def value(dsn: str, statement: str) -> object:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def test_rows_survive_stop_crash_and_the_crash_of_one_session(data: DataDir) -> None:
    server = EmbeddedPostgres(data, durable=False)
    try:
        dsn = await server.start()
        assert data.read(DSN_FILE) == dsn
        await value(dsn, "CREATE TABLE t AS SELECT 1 AS n")
        await server.stop()
        assert (server.pid, data.read(DSN_FILE)) == (None, None)

        assert await server.start() == dsn
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert await server.wait() == -signal.SIGKILL
        assert await server.start() == dsn
        assert await value(dsn, "SELECT n FROM t") == 1
        assert await value(dsn, "SELECT lower('ÄÖÜ')") == "äöü"
    finally:
        await server.stop()


async def test_a_busy_session_of_a_killed_server_is_no_obstacle(data: DataDir) -> None:
    server = EmbeddedPostgres(data, durable=False)
    try:
        dsn = await server.start()
        async with asyncio.TaskGroup() as group:
            busy = await asyncpg.connect(dsn)
            session = group.create_task(cut_off(busy, "SELECT count(*) FROM generate_series(1, 10000000000) AS n"))
            while await value(dsn, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%generate_series%'") != 2:
                assert not session.done()
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)
            await server.wait()
            assert await server.start() == dsn
    finally:
        await server.stop()


async def cut_off(connection: asyncpg.Connection, statement: str) -> None:
    with pytest.raises((asyncpg.PostgresError, ConnectionError)):
        await connection.execute(statement)


async def test_it_is_private(data: DataDir) -> None:
    server = EmbeddedPostgres(data, durable=False)
    try:
        dsn = await server.start()
        assert await value(dsn, "SHOW listen_addresses") == ""
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(dsn.replace(str(data.read("postgres.password")), "wrong"), "SELECT 1")
        who = account()
        for folder in (data.path / "run", data.path / "postgres"):
            found = folder.stat()
            assert stat.S_IMODE(found.st_mode) == 0o700
            assert found.st_uid == (who.uid if who else os.geteuid())
        for secret in ("postgres.password", DSN_FILE):
            assert stat.S_IMODE((data.path / secret).stat().st_mode) == 0o600
        assert server.pid is not None
        assert os.stat(f"/proc/{server.pid}").st_uid == (who.uid if who else os.geteuid())
    finally:
        await server.stop()


async def test_servers_of_different_folders_do_not_clash(data: DataDir) -> None:
    path = temporary_data_dir()
    one, two = EmbeddedPostgres(data, durable=False), EmbeddedPostgres(DataDir(path), durable=False)
    try:
        first, second = await asyncio.gather(one.start(), two.start())
        await value(first, "CREATE TABLE t AS SELECT 1 AS n")
        assert await value(second, "SELECT to_regclass('t')") is None
    finally:
        await asyncio.gather(one.stop(), two.stop())
        shutil.rmtree(path)


async def test_a_start_after_the_supervisor_was_killed_waits_for_the_orphan(data: DataDir) -> None:
    code = """
import asyncio, os, signal, sys
from pathlib import Path
from chatcore.embedded.folders import DataDir
from chatcore.embedded.postgres import EmbeddedPostgres
server = EmbeddedPostgres(DataDir(Path(sys.argv[1])), durable=False)
asyncio.run(server.start())
os.write(int(os.environ["CHAT_READY_FD"]), b'{"ready": {"pid": %d}}\\n' % server.pid)
signal.pause()
"""
    supervisor = Child("supervisor", [sys.executable, "-c", code, str(data.path)], env=os.environ, reports_ready=True)
    server = EmbeddedPostgres(data, durable=False)
    try:
        orphan = (await supervisor.ready(60))["pid"]
        assert isinstance(orphan, int)
        await supervisor.stop((signal.SIGKILL, 10.0))
        dsn = await server.start()
        assert await value(dsn, "SELECT 1") == 1
        assert cluster.status(data.path / "postgres" / cluster.MAJOR) == (server.pid, "ready")
        assert server.pid != orphan
    finally:
        supervisor.close()
        await server.stop()


async def test_a_lock_file_of_a_recycled_process_id_is_no_obstacle(data: DataDir) -> None:
    server = EmbeddedPostgres(data, durable=False)
    try:
        dsn = await server.start()
        await server.stop()
        files = data.path / "postgres" / cluster.MAJOR
        (files / "postmaster.pid").write_text(f"{os.getpid()}\n{files}\n")
        assert await server.start() == dsn
    finally:
        await server.stop()


async def test_half_a_cluster_is_made_anew(data: DataDir) -> None:
    folder = data.server_folder("postgres", account())
    (folder / "unfinished").mkdir()
    (folder / "unfinished" / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(data, durable=False)
    try:
        assert await value(await server.start(), "SELECT 1") == 1
    finally:
        await server.stop()


async def test_data_of_another_major_version_is_left_alone(data: DataDir) -> None:
    (data.server_folder("postgres", account()) / "17").mkdir()
    with pytest.raises(EmbeddedError, match="PostgreSQL 17"):
        await EmbeddedPostgres(data).start()


async def test_a_start_that_cannot_work_says_what_the_server_said(data: DataDir) -> None:
    server = EmbeddedPostgres(data, durable=False)
    await server.start()
    await server.stop()
    with (data.path / "postgres" / cluster.MAJOR / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(EmbeddedError, match="no_such_setting"):
        await server.start()
