"""Pushes that providers accepted, noted in Redis or Valkey for the worker that takes a job over. The notes may be lost
at any time, which costs repetitions and no push."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Collection
from typing import Final, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chatcore.domain.ids import BindingSid
from chatcore.presence.redis import PREFIX

logger = logging.getLogger(__name__)
T = TypeVar("T")

GATHERED: Final = 0.05
"""Seconds between an accepted push and its note, at most: what a worker that dies may repeat."""
NOTED_SECONDS: Final = 900
_PATIENCE: Final = 0.9
_CONNECTIONS: Final = 4


class RedisSentNotes:
    """Satisfies `ports.pushes.SentNotes` while `run` writes them down, each call within a second."""

    def __init__(self, url: str, *, prefix: str = PREFIX) -> None:
        self._prefix = prefix
        self._redis: Redis = Redis.from_url(
            url,
            max_connections=_CONNECTIONS,
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 1),
            client_name="chat-notes",
        )
        self._turns = asyncio.Semaphore(_CONNECTIONS)
        self._gathered: dict[int, set[BindingSid]] = {}
        self._some = asyncio.Event()
        self._away = False

    async def close(self) -> None:
        await self._redis.aclose()

    def note(self, job: int, binding: BindingSid) -> None:
        self._gathered.setdefault(job, set()).add(binding)
        self._some.set()

    async def noted(self, job: int) -> Collection[BindingSid]:
        try:
            members = self._redis.smembers(self._sent(job))
            found = await self._bounded(cast("Awaitable[set[bytes]]", members))
        except ConnectionError as error:
            logger.warning("Pushes may be repeated: %s", error, extra={"action": "notes_unavailable"})
            return frozenset()
        return frozenset(BindingSid(member.decode()) for member in found)

    async def run(self) -> None:
        """Writes notes until cancelled."""
        while True:
            await self._some.wait()
            await asyncio.sleep(GATHERED)
            await self._write()

    async def _write(self) -> None:
        self._some.clear()
        gathered, self._gathered = self._gathered, {}
        pipeline = self._redis.pipeline(transaction=False)
        for job, bindings in gathered.items():
            pipeline.sadd(self._sent(job), *bindings)
            pipeline.expire(self._sent(job), NOTED_SECONDS)
        try:
            await self._bounded(pipeline.execute())
            self._away = False
        except ConnectionError as error:
            if not self._away:
                logger.warning("Accepted pushes cannot be noted: %s", error, extra={"action": "notes_unavailable"})
            self._away = True

    def _sent(self, job: int) -> str:
        return f"{self._prefix}push:sent:{job}"

    async def _bounded(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(_PATIENCE), self._turns:
                return await call
        except TimeoutError:
            raise ConnectionError("the broker does not answer") from None
        except (RedisError, OSError) as error:
            raise ConnectionError(f"the broker is away: {error}") from None
