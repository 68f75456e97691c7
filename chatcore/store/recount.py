"""Counts that commands keep, counted anew: after a restore, or when somebody edited tables by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import asyncpg

from .errors import raise_translated
from .queries import load
from .session import ACQUIRE_TIMEOUT

_SQL = load("recount")
_ROWS: Final = 200
"""Rows that are locked together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recounted:
    """How many were wrong."""

    channels: int
    users: int


async def recount(pool: asyncpg.Pool) -> Recounted:
    """Members, messages and the last message of every channel, and the joined channels of every user. In small steps,
    between which others work. Raises ChatError(UNAVAILABLE)."""
    return Recounted(channels=await _all(pool, "channels"), users=await _all(pool, "users"))


async def _all(pool: asyncpg.Pool, kind: Literal["channels", "users"]) -> int:
    last, wrong = "", 0
    try:
        while True:
            async with pool.acquire(timeout=ACQUIRE_TIMEOUT) as connection, connection.transaction():
                sids = [row["sid"] for row in await connection.fetch(_SQL[f"lock_{kind}"], last, _ROWS)]
                if not sids:
                    return wrong
                wrong += len(await connection.fetch(_SQL[f"fix_{kind}"], sids))
            last = sids[-1]
    except Exception as error:
        raise_translated(error)
