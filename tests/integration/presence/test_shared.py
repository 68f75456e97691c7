"""What push workers share, in a real Valkey."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from chatcore.presence.shared import RedisShared
from tests.support.patience import PATIENCE


@pytest.fixture
async def shared(redis_url: str, redis_prefix: str) -> AsyncIterator[RedisShared]:
    made = RedisShared(redis_url, prefix=redis_prefix)
    yield made
    await made.close()


async def test_a_text_is_put_once_and_has_an_end(shared: RedisShared) -> None:
    assert await shared.get("a") is None
    assert await shared.put_if_absent("a", "one", 60)
    assert not await shared.put_if_absent("a", "two", 60)
    found = await shared.get("a")
    assert found is not None
    assert found[0] == "one"
    assert 50 < found[1] <= 60


async def test_a_text_ends(shared: RedisShared) -> None:
    assert await shared.put_if_absent("a", "one", 0.05)
    await eventually(lambda: shared.get("a"), None)
    assert await shared.put_if_absent("a", "two", 60)


async def test_only_the_text_that_was_seen_is_replaced(shared: RedisShared) -> None:
    assert not await shared.replace("a", "one", "two", 60)
    await shared.put_if_absent("a", "one", 60)
    assert not await shared.replace("a", "other", "two", 60)
    assert await shared.replace("a", "one", "two", 60)
    found = await shared.get("a")
    assert found is not None
    assert found[0] == "two"


async def test_a_rate_grants_what_is_left_and_fills_up_again(shared: RedisShared) -> None:
    assert await shared.take("r", 30, 100) == 30
    assert 70 <= await shared.take("r", 100, 100) <= 99
    while await shared.take("r", 1, 100):
        pass
    await eventually(lambda: shared.take("r", 1, 100), 1)
    assert await shared.take("other", 1000, 100) == 100


async def test_a_server_that_is_away_is_reported_in_time() -> None:
    shared = RedisShared("redis://127.0.0.1:1/0")
    async with asyncio.timeout(PATIENCE):
        for call in (shared.get("a"), shared.put_if_absent("a", "b", 1), shared.take("r", 1, 1)):
            with pytest.raises(ConnectionError):
                await call
    await shared.close()


async def eventually(ask: Callable[[], Awaitable[object]], answer: object) -> None:
    end = time.monotonic() + PATIENCE
    while await ask() != answer:
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.01)
