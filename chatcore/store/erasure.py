"""Where a person is named, outside the rows that go with the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg

from chatcore.domain.ids import ChannelSid, ServiceSid, UserSid

from .queries import load
from .session import PoolSession

_SQL = load("erasure")

TRACES: Final = ("channels", "invites", "media", "dead_jobs")
"""Tables with an identity in them. Another one needs its `count_…` and `erase_…` in erasure.sql, and its name here."""

_ROWS: Final = 500
"""Rows changed in one step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Messages of a channel by index, the last one excluded."""

    channel_sid: ChannelSid
    low: int
    high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A message that names somebody: as its author (`own`), or only as who edited it last."""

    channel_sid: ChannelSid
    index: int
    own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What goes with the user."""

    memberships: int = 0
    invites: int = 0
    devices: int = 0
    pushes: int = 0
    """Lines of the push log."""


class Traces:
    """Everything is done in small steps that commit one by one. Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def belongings(self, user_sid: UserSid) -> Belongings:
        row = await self._session.row(_SQL["belongings"], user_sid)
        assert row is not None, "counts always answer"
        return Belongings(
            memberships=row["memberships"], invites=row["invites"], devices=row["devices"], pushes=row["pushes"]
        )

    async def messages(self, stretches: Sequence[Stretch], identity: str) -> Sequence[Trace]:
        """Reads every message of the stretches."""
        rows = await self._session.rows(
            _SQL["messages"],
            [stretch.channel_sid for stretch in stretches],
            [stretch.low for stretch in stretches],
            [stretch.high for stretch in stretches],
            identity,
        )
        return [Trace(channel_sid=row["channel_sid"], index=row["index"], own=row["own"]) for row in rows]

    async def rename_message(self, trace: Trace, identity: str, pseudonym: str) -> None:
        """Without an event."""
        await self._session.run(_SQL["rename_message"], trace.channel_sid, trace.index, identity, pseudonym)

    async def count(self, service_sid: ServiceSid, identity: str) -> Mapping[str, int]:
        """Rows of each of TRACES that name the identity."""
        counts = {}
        for name in TRACES:
            row = await self._session.row(_SQL[f"count_{name}"], service_sid, identity)
            assert row is not None, "count(*) always answers"
            counts[name] = row["count"]
        return counts

    async def erase(self, service_sid: ServiceSid, identity: str, pseudonym: str) -> Mapping[str, int]:
        """Puts the pseudonym into them, or deletes them; returns how many."""
        counts = dict.fromkeys(TRACES, 0)
        for name in TRACES:
            while done := len(await self._session.rows(_SQL[f"erase_{name}"], service_sid, identity, pseudonym, _ROWS)):
                counts[name] += done
        return counts

    async def forget_events(self, channel_sid: ChannelSid) -> int:
        """Empties the channel's event log; returns how many there were. Clients that were away load it anew."""
        row = await self._session.row(_SQL["close_log"], channel_sid)
        if row is None:
            return 0
        count = 0
        while done := len(await self._session.rows(_SQL["empty_log"], channel_sid, row["first_seq"], _ROWS)):
            count += done
        return count
