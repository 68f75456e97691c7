from __future__ import annotations

import asyncio
from itertools import pairwise

from push.providers.provider_tokens import LIFE, YOUNGEST, ProviderTokens
from tests.support.push_keys import token_key


class Shared:
    """A SharedText that keeps to its times."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[str, float]] = {}

    async def get(self, key: str) -> tuple[str, float] | None:
        text, ends = self.held.get(key, ("", 0.0))
        left = ends - asyncio.get_running_loop().time()
        return (text, left) if left > 0 else None

    async def put_if_absent(self, key: str, text: str, seconds: float) -> bool:
        if await self.get(key) is not None:
            return False
        self.held[key] = (text, asyncio.get_running_loop().time() + seconds)
        return True

    async def replace(self, key: str, old: str, text: str, seconds: float) -> bool:
        if self.held.get(key, ("", 0.0))[0] != old:
            return False
        self.held[key] = (text, asyncio.get_running_loop().time() + seconds)
        return True


async def test_workers_that_come_and_go_mint_one_token_in_fifty_minutes() -> None:
    """Apple refuses teams that change their token more than once in twenty minutes."""
    shared, secrets = Shared(), token_key()
    workers = [ProviderTokens(shared) for _ in range(3)]
    used: dict[str, float] = {}  # since when
    for minute in range(200):
        if minute % 7 == 0:
            workers[minute % 3] = ProviderTokens(shared)  # one starts again
        for worker in workers:
            token = worker.held(secrets) or await worker.get(secrets)
            used.setdefault(token.header, asyncio.get_running_loop().time())
        await asyncio.sleep(60)
    assert len(used) == 4
    begun = sorted(used.values())
    assert all(later - earlier >= LIFE for earlier, later in pairwise(begun))


async def test_a_token_is_never_replaced_within_twenty_minutes() -> None:
    tokens, secrets = ProviderTokens(Shared()), token_key()
    first = await tokens.get(secrets)
    await asyncio.sleep(YOUNGEST - 1)
    assert await tokens.renew(secrets, first) is None
    await asyncio.sleep(2)
    fresh = await tokens.renew(secrets, first)
    assert fresh is not None
    assert fresh.header != first.header
    assert await tokens.renew(secrets, first) == fresh
    assert await tokens.renew(secrets, fresh) is None
