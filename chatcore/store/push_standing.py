"""How a user stands to the pushes of one message, by what the database knows now: for operators who ask why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from chatcore.domain.ids import MessageSid, ServiceSid, UserSid
from chatcore.domain.jobs import JobKind
from chatcore.domain.webhooks import Vocabulary

from .queries import load
from .session import PoolSession

_SQL = load("push_standing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """`alive`: its provider knows it, as far as it has said."""

    vocabulary: Vocabulary
    message_types: tuple[str, ...]
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job that has still to do with it. One that has not been tried has no `why`."""

    kind: JobKind
    due_at: datetime
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Without the message nobody can say whose it was and where."""

    message: bool
    author: bool
    only_media: bool
    member: bool
    muted: bool
    devices: Sequence[Device]
    waiting: Sequence[Waiting]


class PushStanding:
    """Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def of(self, service_sid: ServiceSid, user_sid: UserSid, message_sid: MessageSid) -> Standing | None:
        row = await self._session.row(_SQL["standing"], service_sid, user_sid, message_sid)
        if row is None:
            return None
        devices = await self._session.rows(_SQL["devices"], user_sid)
        waiting = await self._session.rows(_SQL["waiting"], service_sid, user_sid, message_sid)
        return Standing(
            message=row["message"],
            author=bool(row["author"]),
            only_media=bool(row["only_media"]),
            member=row["level"] is not None,
            muted=row["level"] == "muted",
            devices=[
                Device(
                    vocabulary=Vocabulary(device["vocabulary"]),
                    message_types=tuple(device["message_types"]),
                    alive=device["alive"],
                )
                for device in devices
            ],
            waiting=[
                Waiting(kind=JobKind(job["kind"]), due_at=job["due_at"], why=job["last_error"]) for job in waiting
            ],
        )
