"""`chatcore up` with real servers; gateways and push worker are stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from chatcore.child import Child
from chatcore.supervisor.probe import ask
from tests.support.cluster import BOOTSTRAP, Cluster, cluster, running_cluster
from tests.support.patience import until
from tests.support.servers import temporary_data_dir

pytestmark = pytest.mark.xdist_group("supervisor")

KEY = "a-key-of-the-operator"
STAND_INS = {"PYTHONPATH": str(Path(__file__).parents[2] / "support" / "stand_ins")}
COMMAND = str(Path(sys.executable).with_name("chatcore"))
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")} | STAND_INS


@pytest.fixture(scope="module")
def product() -> Iterator[Cluster]:
    with running_cluster(2, STAND_INS) as started:
        yield started


@pytest.fixture
def path() -> Iterator[Path]:
    chosen = temporary_data_dir()
    yield chosen
    shutil.rmtree(chosen, ignore_errors=True)


async def handed_to(url: str) -> dict[str, Any]:
    environ = json.loads((await ask(f"{url}/environment"))[1])
    assert isinstance(environ, dict)
    return environ


async def run(path: Path, *argv: str, **settings: str) -> tuple[int, str]:
    """Exit code and output of one command."""
    log = path.with_suffix(".output")
    with log.open("wb") as output:
        environ = ENVIRON | {"CHAT_DATA_DIR": str(path), "CHAT_PORT": "0"} | settings
        child = Child("chatcore", [COMMAND, *argv], env=environ, output=output)
    try:
        return await child.wait(), log.read_text()
    finally:
        child.close()
        log.unlink()


async def test_the_ready_line_tells_everything(product: Cluster) -> None:
    first, second = product.ready["nodes"]
    assert first != second
    assert product.ready == {
        "url": first,
        "websocket": first.replace("http", "ws") + "/connection/websocket",
        "twilsock": first.replace("http", "ws") + "/v3/wsconnect",
        "nodes": [first, second],
        "account_sid": BOOTSTRAP["CHAT_BOOTSTRAP_ACCOUNT_SID"],
        "auth_token": BOOTSTRAP["CHAT_BOOTSTRAP_AUTH_TOKEN"],
        "api_key_sid": BOOTSTRAP["CHAT_BOOTSTRAP_API_KEY_SID"],
        "api_key_secret": BOOTSTRAP["CHAT_BOOTSTRAP_API_KEY_SECRET"],
        "service_sid": BOOTSTRAP["CHAT_BOOTSTRAP_SERVICE_SID"],
    }


async def test_processes_are_handed_what_they_need(product: Cluster) -> None:
    one, two = [await handed_to(node.url) for node in product.nodes]
    assert (one["CHAT_NODE"], two["CHAT_NODE"]) == ("gateway-1", "gateway-2")
    assert one["CHAT_DEV"] == "1"
    assert one["CHAT_SECRET_KEY"] == (product.data_dir / "secret.key").read_text().strip()
    assert one["CHAT_POSTGRES_DSN"] == (product.data_dir / "postgres.dsn").read_text().strip()
    assert one["CHAT_REDIS_URL"].startswith("unix://")
    assert one["pid"] == product.pid_of("gateway-1")


@pytest.mark.parametrize("part", ["gateway-1", "push", "postgres", "valkey"])
async def test_what_dies_comes_back(product: Cluster, part: str) -> None:
    old = product.pid_of(part)
    environ = await handed_to(product.url)
    await product.kill(part)
    await product.back(0 if part == "gateway-1" else part, old)
    again = await handed_to(product.url)
    assert (again["CHAT_POSTGRES_DSN"], again["CHAT_REDIS_URL"]) == (
        environ["CHAT_POSTGRES_DSN"],
        environ["CHAT_REDIS_URL"],
    )
    connection = await asyncpg.connect(environ["CHAT_POSTGRES_DSN"])
    assert await connection.fetchval("SELECT count(*) FROM accounts") == 1
    await connection.close()


def still_there(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


async def test_children_die_with_a_killed_supervisor_and_the_next_start_finds_the_same(path: Path) -> None:
    names = ["gateway-1", "push", "postgres", "valkey"]
    made_up = STAND_INS | dict.fromkeys(BOOTSTRAP, "")
    async with cluster(1, made_up, data_dir=path) as one:
        pids = [one.pid_of(name) for name in names]
        os.kill(one.pid, signal.SIGKILL)
        await until(lambda: not still_there(pids))
        first = one.ready
    assert stat.S_IMODE((path / "bootstrap.json").stat().st_mode) == 0o600
    async with cluster(1, made_up, data_dir=path) as two:
        pids = [two.pid_of(name) for name in names]
        assert await two.stop() == 0
        assert still_there(pids) == []
        assert not (path / "processes.json").exists()
    identifiers = ("account_sid", "auth_token", "api_key_sid", "api_key_secret", "service_sid")
    assert [first[name] for name in identifiers] == [two.ready[name] for name in identifiers]
    assert first["account_sid"] != BOOTSTRAP["CHAT_BOOTSTRAP_ACCOUNT_SID"]


async def test_configured_servers_are_used_and_outside_development_secrets_are_not_printed(
    empty_database: str, redis_url: str
) -> None:
    given = {"CHAT_POSTGRES_DSN": empty_database, "CHAT_REDIS_URL": redis_url}
    async with cluster(1, STAND_INS | given | {"CHAT_DEV": "0", "CHAT_SECRET_KEY": KEY}) as product:
        environ = await handed_to(product.url)
        assert {name: environ[name] for name in given} == given
        assert environ["CHAT_SECRET_KEY"] == KEY
        assert set(json.loads((product.data_dir / "processes.json").read_text())) == {"gateway-1", "push"}
        assert "auth_token" not in product.ready
        assert "api_key_secret" not in product.ready
        output = product.output()
        for secret in ("AUTH_TOKEN", "API_KEY_SECRET"):
            assert BOOTSTRAP[f"CHAT_BOOTSTRAP_{secret}"] not in output


async def test_two_cannot_share_a_data_folder(product: Cluster) -> None:
    code, output = await run(product.data_dir, "up")
    assert code == 1
    assert "in use by another" in output


async def test_administration_works_beside_a_running_product(product: Cluster) -> None:
    path = product.data_dir
    code, output = await run(path, "account", "create", "--name", "Second")
    assert code == 0
    account = json.loads(output)
    assert len(account["auth_token"]) == 32
    code, output = await run(path, "key", "create", "--account", account["sid"])
    assert code == 0
    key = json.loads(output)["sid"]
    assert await run(path, "key", "revoke", key) == (0, f"{key} revoked\n")
    code, output = await run(path, "key", "revoke", key)
    assert (code, output) == (1, f"Error: there is no API key {key} in force\n")
    code, output = await run(path, "key", "create", "--account", "AC" + "9" * 32)
    assert code == 1
    assert "Traceback" not in output
    code, output = await run(path, "service", "create", "--account", account["sid"], "--name", "Shop")
    assert (code, output[:2]) == (0, "IS")
    assert await run(path, "migrate", "--check") == (0, "The schema is up to date.\n")
    code, output = await run(path, "token", "--identity", "alice")
    assert (code, output.count(".")) == (0, 2)


async def test_administration_starts_the_database_if_nobody_has(path: Path) -> None:
    assert (await run(path, "migrate"))[0] == 0
    code, output = await run(path, "epochs", "renew", CHAT_SECRET_KEY=KEY)
    assert (code, output) == (0, "0 streams renewed\n")
    code, output = await run(path, "doctor")
    assert "FAIL" not in output
    assert code == 0
    assert not (path / "postgres.dsn").exists()


async def test_a_first_child_that_fails_ends_everything(path: Path, empty_database: str, redis_url: str) -> None:
    given = {"CHAT_POSTGRES_DSN": empty_database, "CHAT_REDIS_URL": redis_url}
    assert (await run(path, "up", CHAT_MEDIA_LINK_PREFIX="exit:78", **given))[0] == 78
    code, output = await run(path, "up", CHAT_MEDIA_LINK_PREFIX="exit:3", **given)
    assert code == 1
    assert "gateway-1 ended with exit code 3 before it was ready" in output
    assert "Traceback" not in output


async def test_production_needs_a_secret_key(path: Path) -> None:
    code, output = await run(path, "up", CHAT_DEV="0")
    assert code == 78
    assert "CHAT_SECRET_KEY" in output


async def test_a_secret_key_that_does_not_fit_the_database_is_explained(product: Cluster) -> None:
    environ = await handed_to(product.url)
    own = temporary_data_dir()
    given = {"CHAT_POSTGRES_DSN": environ["CHAT_POSTGRES_DSN"], "CHAT_SECRET_KEY": "not-the-" + KEY}
    try:
        code, output = await run(own, "up", **given)
        assert code == 1
        assert "was CHAT_SECRET_KEY changed" in output
        assert "Traceback" not in output
        code, output = await run(own, "doctor", **given)
        assert code == 1
        assert "append the key" in output
    finally:
        shutil.rmtree(own)
