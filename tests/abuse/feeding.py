"""Frames by the hundred thousand for peers without sockets."""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

from chatcore.auth.tokens import Grant, TokenCode, TokenError
from chatcore.domain.errors import ChatError, Code

FRAMES = 1_000_000
"""Fed to each kind of peer, in as many parts as there are SHARDS."""

SHARDS = 4
BATCH = 128
"""Frames that arrive at once."""

GROWTH = 1_000
"""Objects that may be left over after FRAMES: caches of the libraries."""

_ABSENT = object()


class Refusing:
    """All commands and reads: whatever is asked for is not there, but for what a stage has."""

    def __init__(self, known: SimpleNamespace | None = None) -> None:
        self._known = known or SimpleNamespace()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._known, name, _ABSENT)
        if isinstance(found, SimpleNamespace):
            return Refusing(found)
        return Refusing() if found is _ABSENT else found

    async def __call__(self, *args: object, **kwargs: object) -> Any:
        raise ChatError(Code.CHANNEL_NOT_FOUND, "")


class OnlyKnown:
    """Tokens of a stage: `alice` is good, `expired` is expired, all others are bad."""

    def __init__(self, tokens: Any) -> None:  # Any: each room has its own protocol
        self._tokens = tokens

    async def verify(self, token: str) -> Grant:
        if token != "alice":
            raise TokenError(TokenCode.EXPIRED if token == "expired" else TokenCode.INVALID, "")
        found: Grant = await self._tokens.verify(token)
        return found


class Complaints(logging.Handler):
    """Fails the test for whatever is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def __enter__(self) -> Complaints:
        logging.getLogger().addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger().removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(self.format(record))


async def fed(
    frames: Iterator[bytes],
    count: int,
    hosts: Sequence[Callable[[bytes], None]],
    stranger: Callable[[bytes], Callable[[], None]],
) -> None:
    """`count` frames, to the hosts in turn; and every so often one to a `stranger`, who is then told to go.

    Returns when everything is done that they asked for. Fails if anything was logged as an error, or left in memory.
    """
    turns = itertools.cycle(hosts)
    before = 0
    with Complaints() as complaints:
        for start in range(0, count, BATCH):
            if start == BATCH * 16:  # everything is warm
                gc.collect()
                before = len(gc.get_objects())
            guests = []
            for number, frame in enumerate(itertools.islice(frames, BATCH)):
                if number % 16:
                    next(turns)(frame)
                else:
                    guests.append(stranger(frame))
            for _ in range(20):
                await asyncio.sleep(0)
            for leave in guests:
                leave()
            await asyncio.sleep(0.01)  # of virtual time
        await asyncio.sleep(60)
        gc.collect()
        assert len(gc.get_objects()) - before < GROWTH
    assert not complaints.seen, complaints.seen[:3]
