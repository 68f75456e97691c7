"""Pushes that providers accepted, noted in Redis or Valkey for the worker that takes a job over. The notes may be lost
at any time, which costs repetitions and no push."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Final

from chatcore.domain.ids import BindingSid
from chatcore.presence.redis import PREFIX
from chatcore.presence.server import Command, reach

logger = logging.getLogger(__name__)

GATHERED: Final = 0.05
"""Seconds between an accepted push and its note, at most: what a worker that dies may repeat."""
NOTED_SECONDS: Final = 900
KEPT: Final = 50_000
"""Notes that wait for a broker that is away; more are forgotten."""


class RedisSentNotes:
    """Satisfies `ports.pushes.SentNotes` while `run` writes them down, each call within a second."""

    def __init__(self, url: str, *, prefix: str = PREFIX) -> None:
        self._prefix = prefix
        self._server = reach(url, name="chat-notes", away="the broker is away", connections=4, again=1)
        self._gathered: dict[int, set[BindingSid]] = {}
        self._some = asyncio.Event()
        self._away = False

    async def close(self) -> None:
        await self._server.close()

    def note(self, job: int, binding: BindingSid) -> None:
        self._gathered.setdefault(job, set()).add(binding)
        self._some.set()

    async def noted(self, job: int) -> Collection[BindingSid]:
        try:
            key = self._sent(job)
            (found,) = await self._server.call([(key, ("SMEMBERS", key))])
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
        commands: list[tuple[str, Command]] = []
        for job, bindings in gathered.items():
            key = self._sent(job)
            commands += [(key, ("SADD", key, *bindings)), (key, ("EXPIRE", key, NOTED_SECONDS))]
        try:
            await self._server.call(commands)
            self._away = False
        except ConnectionError as error:
            if not self._away:
                logger.warning("Accepted pushes cannot be noted: %s", error, extra={"action": "notes_unavailable"})
            self._away = True
            if sum(map(len, gathered.values())) < KEPT:
                for job, bindings in gathered.items():
                    self._gathered.setdefault(job, set()).update(bindings)
                self._some.set()

    def _sent(self, job: int) -> str:
        return f"{self._prefix}{self._server.tag(str(job))}push:sent:{job}"
