"""What the worker reads in order to push, and what it writes down afterwards."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from chatcore.domain.devices import Credential, PushType
from chatcore.domain.ids import ChannelSid, CredentialSid, MessageSid, ServiceSid, UserSid
from chatcore.domain.model import Media, MediaCategory
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.jobs import Claimed
from chatcore.ports.pushes import (
    ActingUser,
    Attempt,
    Audience,
    PushedMessage,
    Recipient,
    Revived,
    Settled,
    Settlement,
    Verdict,
    Waiting,
)

from .credentials import credential_from
from .outbox import LEASE, job_columns
from .queries import load
from .session import PoolSession, Row

_SQL = load("pushes")

LOG_KEPT: Final = timedelta(days=7)
_ROWS: Final = 2000
"""Rows deleted in one step."""
_REASON: Final = 500  # characters


class Pushes:
    """Satisfies `ports.pushes.Pushes` for one worker, by the name under which it claims jobs."""

    def __init__(self, pool: asyncpg.Pool, worker: str) -> None:
        self._session = PoolSession(pool)
        self._worker = worker

    async def message(self, channel_sid: ChannelSid, index: int) -> PushedMessage | None:
        row = await self._session.row(_SQL["message"], channel_sid, index)
        if row is None:
            return None
        return PushedMessage(body=row["body"], media=tuple(_media(file) for file in row["media"] or ()))

    async def acting_user(self, service_sid: ServiceSid, identity: str) -> ActingUser | None:
        row = await self._session.row(_SQL["acting_user"], service_sid, identity)
        return ActingUser(sid=row["sid"], friendly_name=row["friendly_name"]) if row is not None else None

    async def recipients(self, audience: Audience, after: str, limit: int) -> Sequence[Recipient]:
        names, identities = audience.names, audience.identities
        if identities is not None and audience.author is None and audience.unread_from is None:
            of: tuple[object, ...] = (audience.service_sid, list(identities))
            rows = await self._session.rows(_SQL["of_users"], *of, names.chat, names.conversations, after, limit)
        else:
            rows = await self._session.rows(
                _SQL["of_members"],
                audience.channel_sid,
                audience.author,
                names.chat,
                names.conversations,
                after,
                limit,
                audience.unread_from,
                list(identities) if identities is not None else None,
            )
        return [_recipient(row) for row in rows]

    async def devices(self, user_sid: UserSid, kind: PushType, types: Sequence[str]) -> Sequence[Recipient]:
        rows = await self._session.rows(_SQL["devices"], user_sid, kind.value, list(types))
        return [_recipient(row) for row in rows]

    async def badges(self, user_sids: Collection[UserSid]) -> Mapping[UserSid, int]:
        rows = await self._session.rows(_SQL["badges"], list(user_sids))
        return {row["user_sid"]: row["channels"] for row in rows}

    async def settle(self, job: Claimed, settlement: Settlement) -> Settled:
        dead, log = settlement.dead, settlement.attempts
        row = await self._session.row(
            _SQL["settle"],
            job.id,
            self._worker,
            settlement.after,
            LEASE,
            *job_columns(settlement.jobs),
            [binding.sid for binding in dead],
            [binding.address for binding in dead],
            [_clean(binding.reason) for binding in dead],
            [binding.since for binding in dead],
            job.service_sid,
            [line.user_sid for line in log],
            [line.push_id for line in log],
            [line.binding_sid for line in log],
            [line.provider for line in log],
            [line.address_end for line in log],
            [line.event for line in log],
            [line.message_sid for line in log],
            [line.outcome for line in log],
            [_clean(line.reason) if line.reason is not None else None for line in log],
            [line.attempt for line in log],
            [line.milliseconds for line in log],
            [line.status for line in log],
        )
        if row is None:
            return Settled(held=False, dead=())
        return Settled(held=True, dead=row["dead"], lost=row["lost"])

    async def note(self, service_sid: ServiceSid, line: Attempt) -> None:
        why = _clean(line.reason) if line.reason is not None else None
        await self._session.run(_SQL["note"], service_sid, line.event, line.message_sid, line.outcome, why)

    async def rewrite(self, job: Claimed, fresh: Mapping[str, object]) -> None:
        await self._session.run(_SQL["rewrite"], job.id, self._worker, json.dumps(fresh, ensure_ascii=False))

    async def still_wanted(self, waiting: Waiting) -> Verdict:
        row = await self._session.row(
            _SQL["still_wanted"],
            waiting.binding_sid,
            waiting.address,
            waiting.channel_sid,
            waiting.message_index,
            waiting.member,
            waiting.job if waiting.may_be_superseded else None,
        )
        assert row is not None, "EXISTS always answers"
        if not row["wanted"]:
            return "obsolete"
        return "superseded" if row["superseded"] else "wanted"

    async def revive(self, credential_sid: CredentialSid, since: datetime) -> Sequence[Revived]:
        return [
            Revived(
                binding_sid=row["sid"], service_sid=row["service_sid"], user_sid=row["user_sid"], first=row["first"]
            )
            for row in await self._session.rows(_SQL["revive"], credential_sid, since)
        ]

    async def credential(self, sid: CredentialSid) -> tuple[Credential, bytes] | None:
        row = await self._session.row(_SQL["credential"], sid)
        return (credential_from(row), row["secret"]) if row is not None else None

    async def postpone(self, credential_sid: CredentialSid, seconds: float) -> int:
        return len(await self._session.rows(_SQL["postpone"], credential_sid, timedelta(seconds=seconds)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAttempt:
    at: datetime
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialInUse:
    """`devices`: how many would be pushed to with it."""

    sid: CredentialSid
    type: PushType
    sandbox: bool | None
    sealed: bytes
    devices: int


class PushLog:
    """For operators and housekeeping. Raises ChatError(UNAVAILABLE)."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def read(
        self, service_sid: ServiceSid, *, user_sid: UserSid | None, message_sid: MessageSid | None, limit: int
    ) -> Sequence[LoggedAttempt]:
        """Newest first. What a line without a user says of an event is found with each of its users."""
        rows = await self._session.rows(_SQL["log"], service_sid, user_sid, message_sid, limit)
        return [_logged(row) for row in rows]

    async def forget(self) -> int:
        """Removes lines past their time; returns how many."""
        gone = 0
        while done := len(await self._session.rows(_SQL["forget_log"], LOG_KEPT, _ROWS)):
            gone += done
        return gone

    async def credentials(self) -> Sequence[CredentialInUse]:
        return [
            CredentialInUse(
                sid=row["sid"],
                type=PushType(row["type"]),
                sandbox=row["sandbox"],
                sealed=row["secret"],
                devices=row["devices"],
            )
            for row in await self._session.rows(_SQL["credentials_in_use"])
        ]


def _media(entry: Mapping[str, Any]) -> Media:  # Any: JSON
    return Media(**{**entry, "category": MediaCategory(entry["category"])})


def _recipient(row: Row) -> Recipient:
    return Recipient(
        binding_sid=row["sid"],
        kind=PushType(row["binding_type"]),
        address=row["address"],
        credential_sid=row["credential_sid"],
        user_sid=row["user_sid"],
        identity=row["identity"],
        vocabulary=Vocabulary(row["vocabulary"]),
    )


def _logged(row: Row) -> LoggedAttempt:
    attempt = Attempt(
        user_sid=row["user_sid"],
        push_id=row["push_id"],
        binding_sid=row["binding_sid"],
        provider=row["provider"],
        address_end=row["address_end"],
        event=row["event"],
        message_sid=row["message_sid"],
        outcome=row["outcome"],
        reason=row["reason"],
        status=row["status"],
        attempt=row["attempt"],
        milliseconds=row["milliseconds"],
    )
    return LoggedAttempt(at=row["at"], attempt=attempt)


def _clean(reason: str) -> str:
    """Reasons quote strangers; the database takes neither NUL nor lone surrogates."""
    return reason.replace("\x00", "").encode(errors="replace").decode()[:_REASON]
