"""Fixtures of all tests. Nothing starts before a test asks for it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest

from chatcore.store import postgres, session
from chatcore.supervisor import probe
from tests.support.patience import PATIENCE
from tests.support.servers import Servers, cloned_database, running_servers

# How long one example takes depends on what else the machine is doing.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.register_profile("fuzz", max_examples=5000, deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-sdks", action="store_true", help="the Java and Go libraries too; `make e2e-all` builds them"
    )


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """What stands still along with the machine is not taken for something that is away."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CONNECT_TIMEOUT", "COMMAND_TIMEOUT"):
            patch.setattr(postgres, name, 2 * PATIENCE)
        for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
            patch.setitem(postgres._SERVER_SETTINGS, name, f"{2 * PATIENCE:g}s")
        patch.setattr(probe, "_PATIENCE", PATIENCE)
        patch.setattr(session, "ACQUIRE_TIMEOUT", 2 * PATIENCE)
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """One PostgreSQL and one Valkey for all tests of this process."""
    with running_servers() as started:
        yield started


@pytest.fixture
async def database(servers: Servers) -> AsyncIterator[str]:
    """The DSN of a migrated database that only this test uses."""
    async with cloned_database(servers) as dsn:
        yield dsn


@pytest.fixture
async def empty_database(servers: Servers) -> AsyncIterator[str]:
    """The DSN of a database without tables that only this test uses."""
    dsn = await servers.empty_database()
    try:
        yield dsn
    finally:
        await servers.drop_database(dsn)


@pytest.fixture
def redis_url(servers: Servers) -> str:
    """A Valkey shared by all tests of this process: keep to your own `redis_prefix`."""
    return servers.redis_url


@pytest.fixture
def redis_prefix() -> str:
    return f"test-{secrets.token_hex(4)}:"
