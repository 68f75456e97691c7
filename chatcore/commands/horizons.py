"""Read horizons: the most frequent write of a busy channel.

Reports of this node are merged per member and written many in one statement; the batch starts without delay and a
member's own report is answered after its commit. Its other devices get an event. What the other members see is merged
per member for up to a second, so n readers of a message do not cost n² deliveries.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chatcore.domain import serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType, Signal, SignalType, channel_topic
from chatcore.domain.ids import ChannelSid, Identity, MemberSid, ServiceSid, UserSid
from chatcore.domain.jobs import Job
from chatcore.domain.model import Actor, Channel, Member, Service, Unread
from chatcore.domain.webhooks import Action
from chatcore.ports.store import TransactionConflict
from chatcore.ports.views import Horizon, Moved

from . import notify, webhooks
from .access import enter_as_member, identity_of, own_member
from .membership import service_of
from .unit import ATTEMPTS, Unit, Work

logger = logging.getLogger(__name__)
MERGE_SECONDS = 1.0
BATCH_MAX = 500


def horizon_parts(member: Member, count: int | None) -> dict[str, str]:
    """The members of a `read.updated` event of the user's own stream."""
    index = member.last_consumed_message_index
    return {
        "last_consumed_message_index": "null" if index is None else str(index),
        "unread_messages_count": "null" if count is None else str(count),
    }


def horizon_signal(member: Member, at: datetime) -> Signal:
    """What the other members see."""
    index = member.last_consumed_message_index
    payload = serial.event(
        SignalType.READ_UPDATED,
        at=at,
        by=member.identity,
        channel_sid=member.channel_sid,
        identity=serial.string(member.identity),
        member_sid=f'"{member.sid}"',
        last_consumed_message_index="null" if index is None else str(index),
        member=serial.member(member),
    )
    topic = channel_topic(member.channel_sid)
    return Signal(topic=topic, type=SignalType.READ_UPDATED, payload=payload, subject=member.user_sid)


@dataclass(slots=True)
class _Report:
    """`service` and `channel` as they were a moment before."""

    actor: Actor
    service: Service
    channel: Channel
    horizon: Horizon
    done: asyncio.Future[None]


class Horizons:
    """Commands on what was read. `run` and `tell` work until cancelled."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._waiting: list[_Report] = []
        self._wake = asyncio.Event()
        self._moved: dict[tuple[ChannelSid, Identity], Member] = {}
        self._has_moved = asyncio.Event()

    async def report(self, actor: Actor, key: str, index: int | None, *, force: bool = False) -> Unread:
        """Moves the caller's horizon; without `force` only forwards. Beyond the newest message is clamped. Where the
        service has read status off, nothing is stored."""
        access = await enter_as_member(self._unit.store.read, actor, key)
        member = own_member(access)
        service = await service_of(self._unit.store.read, actor)
        channel = access.channel
        if service.read_status_enabled:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            horizon = Horizon(
                channel_sid=channel.sid,
                identity=member.identity,
                index=index,
                at=self._unit.clock.now() if index is not None else None,
                force=force,
            )
            self._waiting.append(_Report(actor, service, channel, horizon, done))
            self._wake.set()
            await done
        return await self.unread(actor, channel.sid)

    async def report_all(self, actor: Actor, key: str) -> Unread:
        """Everything that exists is read."""
        access = await enter_as_member(self._unit.store.read, actor, key)
        newest = access.channel.next_index - 1
        if newest < 0:
            return await self.unread(actor, access.channel.sid)
        return await self.report(actor, access.channel.sid, newest)

    async def report_none(self, actor: Actor, key: str) -> Unread:
        """Forgets the horizon."""
        return await self.report(actor, key, None, force=True)

    async def unread(self, actor: Actor, key: str) -> Unread:
        access = await enter_as_member(self._unit.store.read, actor, key)
        service = await service_of(self._unit.store.read, actor)
        found = await self._unit.store.read.members.unread(access.channel.sid, identity_of(actor))
        if found is None:
            raise ChatError(Code.NOT_A_MEMBER, "User is not a member of the channel")
        if service.read_status_enabled:
            return found
        hidden = replace(found, unread_messages_count=None, last_consumed_message_index=None)
        return replace(hidden, last_consumption_timestamp=None)

    async def totals(self, actor: Actor, user_sid: UserSid, limit: int) -> Sequence[tuple[ChannelSid, int]]:
        """Joined, not muted channels of the caller with unread messages; none where read status is off."""
        service = await service_of(self._unit.store.read, actor)
        if not service.read_status_enabled:
            return ()
        return await self._unit.store.read.channels.unread_totals(user_sid, limit)

    async def run(self) -> None:
        """Writes reports until cancelled; what is waiting then is refused as temporarily unavailable."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                    await self._write(batch)
        finally:
            _answer(self._waiting, ChatError(Code.UNAVAILABLE, "The node is stopping"))

    async def tell(self) -> None:
        """Publishes merged movements once a second while there are some, until cancelled."""
        while True:
            await self._has_moved.wait()
            await asyncio.sleep(MERGE_SECONDS)
            self._has_moved.clear()
            moved, self._moved = self._moved, {}
            now = self._unit.clock.now()
            self._unit.publisher.publish([horizon_signal(member, now) for member in moved.values()])

    async def _write(self, batch: list[_Report]) -> None:
        merged = _merge([report.horizon for report in batch])
        error: ChatError | None = None
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._commit(merged, batch)
                break
            except TransactionConflict:
                if attempt == ATTEMPTS:
                    error = ChatError(Code.UNAVAILABLE, "Too many conflicting changes, try again")
            except ChatError as refused:
                error = refused
                break
            except asyncio.CancelledError:
                _answer(batch, ChatError(Code.UNAVAILABLE, "The node is stopping"))
                raise
            except Exception:
                logger.exception("Read horizons could not be written", extra={"action": "horizons_failed"})
                error = ChatError(Code.INTERNAL, "Internal error")
                break
        _answer(batch, error)

    async def _commit(self, merged: list[Horizon], batch: Sequence[_Report]) -> None:
        async with self._unit.store.transaction() as tx:
            work = Work(tx=tx, now=self._unit.clock.now(), by=None)
            moved = await tx.members.report(merged, work.now)
            streams = await tx.users.lock_streams([m.member.user_sid for m in moved])
            positions: dict[MemberSid, int] = {}
            for member, count in ((m.member, m.unread_messages_count) for m in moved):
                stream = streams[member.user_sid]
                stream.offset += 1
                positions[member.sid] = stream.offset
                work.by = member.identity
                work.log_user(stream, EventType.READ_UPDATED, member.channel_sid, **horizon_parts(member, count))
            await tx.members.set_own_positions(positions)
            await tx.users.save_streams(list(streams.values()))
            await tx.events.append(work.events, work.now)
            await _tell_targets(work, batch, moved)
            work.jobs += _badges(batch, moved)
            await tx.outbox.put(work.jobs, work.now)
        if work.jobs:
            self._unit.ring()
        self._unit.publisher.publish(work.events)
        for m in moved:
            self._moved[m.member.channel_sid, m.member.identity] = m.member
            self._has_moved.set()


async def _tell_targets(work: Work, batch: Sequence[_Report], moved: Sequence[Moved]) -> None:
    """Webhook jobs, where anybody listens. Pre-event webhooks are not asked: a report is not worth seconds."""
    reports = {
        (report.horizon.channel_sid, report.horizon.identity): report
        for report in batch
        if webhooks.wanted(report.service, report.channel)
    }
    told = [
        (report, m.member)
        for m in moved
        if (report := reports.get((m.member.channel_sid, m.member.identity))) is not None
    ]
    own = sorted({report.channel.sid for report, _ in told if report.channel.webhooks_count})
    scoped = await work.tx.channel_webhooks.of_channels(own) if own else {}
    for report, member in told:
        channel = report.channel
        facts = {
            "at": serial.date(work.now),
            "by": member.identity,
            "channel": snapshot.channel(channel),
            "member": snapshot.member(member),
        }
        work.jobs += webhooks.post_jobs(
            report.actor,
            report.service,
            Action.MEMBER_UPDATE,
            facts,
            channel=channel,
            scoped=scoped.get(channel.sid, ()),
        )


def _badges(batch: Sequence[_Report], moved: Sequence[Moved]) -> Sequence[Job]:
    services = {report.service.sid: report.service for report in batch}
    readers: dict[ServiceSid, dict[Identity, UserSid]] = {}
    for m in moved:
        readers.setdefault(m.member.service_sid, {})[m.member.identity] = m.member.user_sid
    return [job for sid in sorted(readers) for job in notify.for_badges(services[sid], readers[sid].items())]


def _answer(reports: Sequence[_Report], error: ChatError | None) -> None:
    for report in reports:
        if report.done.done():
            continue
        if error is None:
            report.done.set_result(None)
        else:
            report.done.set_exception(error)


def _merge(horizons: list[Horizon]) -> list[Horizon]:
    """One report per member: the last forced one wins over what came before it, else the highest index."""
    merged: dict[tuple[str, str], Horizon] = {}
    for new in horizons:
        key = (new.channel_sid, new.identity)
        old = merged.get(key)
        if old is None or new.force or old.index is None or (new.index is not None and new.index > old.index):
            merged[key] = replace(new, force=new.force or (old is not None and old.force))
    return list(merged.values())
