from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from chatcore.presence import server
from chatcore.presence.redis import RedisPresence
from tests.support.valkey import Mortal, mortal_valkey


class HandClock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2024, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no silent server, except where a test is about one."""
    if not {"mortal", "cluster"} & set(request.fixturenames):
        monkeypatch.setattr(server, "PATIENCE", 10.0)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def presence(redis_url: str, redis_prefix: str, clock: HandClock) -> AsyncIterator[RedisPresence]:
    driver = RedisPresence(redis_url, clock=clock, prefix=redis_prefix)
    yield driver
    await driver.close()


@pytest.fixture
async def mortal() -> AsyncIterator[Mortal]:
    async with mortal_valkey() as valkey:
        yield valkey
