"""Sends share transactions: while one batch commits, the next one fills.

The one exception to "one command, one transaction", because a durable commit costs the same for one message as for
two hundred. A lone send goes at once. Rows of a batch are locked in ascending channel order, so batches of several
nodes never deadlock; within a channel, messages take their indexes in the order they were handed in. A send that is
refused fails alone; if a whole batch cannot be written, its sends are tried one by one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chatcore.domain import limits, serial
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Event, EventType, channel_topic
from chatcore.domain.ids import ChannelSid, Identity, MessageSid, is_sid, new_sid
from chatcore.domain.jobs import Job
from chatcore.domain.model import UNSET, Actor, Channel, ChannelType, LastMessage, Message, Service, Unset, given
from chatcore.domain.permissions import Permission
from chatcore.ports.store import Repositories, Sender, TransactionConflict

from . import notify
from .access import channel_not_found, enter, not_a_member, not_authorized
from .rates import Rates
from .services import Services
from .unit import ATTEMPTS, Unit, advance

logger = logging.getLogger(__name__)
BATCH_MAX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDraft:
    """A message to be. `channel` is a SID or a unique name; without a body it is empty text."""

    channel: str
    body: str | None = None
    attributes: str | Unset = UNSET
    author: str | Unset = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET
    last_updated_by: str | Unset | None = UNSET
    media_sid: str | None = None
    client_ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The message as committed; `duplicate` when its client_ref had been used."""

    message: Message
    duplicate: bool


@dataclass(slots=True, kw_only=True)
class _Send:
    actor: Actor
    draft: SendDraft
    channel_sid: ChannelSid
    service: Service
    done: asyncio.Future[Sent]

    @property
    def author(self) -> str:
        return given(self.draft.author, self.actor.name)


@dataclass(slots=True)
class _Written:
    """What one batch adds, in order, and the state of its channels as it goes."""

    channels: dict[ChannelSid, Channel]
    messages: list[Message]
    events: list[Event]
    jobs: list[Job]
    touched: set[ChannelSid]


class SendBatch:
    """Collects sends of this node; `run` commits them until cancelled."""

    def __init__(self, unit: Unit, rates: Rates, services: Services) -> None:
        self._unit = unit
        self._rates = rates
        self._services = services
        self._waiting: list[_Send] = []
        self._wake = asyncio.Event()

    async def send(self, actor: Actor, draft: SendDraft) -> Sent:
        """Returns once the message is durable. Raises ChatError, also while the database is away."""
        service = await self._services.settings(actor)
        sid = draft.channel
        if not is_sid("CH", sid):
            sid = (await enter(self._unit.store.read, actor, sid)).channel.sid
        done: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Send(actor=actor, draft=draft, channel_sid=ChannelSid(sid), service=service, done=done))
        self._wake.set()
        return await done

    async def run(self) -> None:
        """Commits until cancelled; what is waiting then is refused as temporarily unavailable."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                    await self._commit(batch)
        finally:
            for send in self._waiting:
                _refuse(send, ChatError(Code.UNAVAILABLE, "The node is stopping"))

    async def _commit(self, batch: list[_Send]) -> None:
        try:
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    answers, events = await self._write(batch)
                    break
                except TransactionConflict:
                    if attempt == ATTEMPTS:
                        raise ChatError(Code.UNAVAILABLE, "Too many conflicting changes, try again") from None
        except ChatError as error:
            if not error.temporary and len(batch) > 1:
                await self._commit_singly(batch)  # it concerns one of them
                return
            for send in batch:
                _refuse(send, error)
        except asyncio.CancelledError:
            for send in batch:
                _refuse(send, ChatError(Code.UNAVAILABLE, "The node is stopping"))
            raise
        except Exception:
            if len(batch) == 1:
                logger.exception("A send could not be written", extra={"action": "send_failed"})
                _refuse(batch[0], ChatError(Code.INTERNAL, "Internal error"))
                return
            await self._commit_singly(batch)
        else:
            self._unit.publisher.publish(events)
            for send, answer in zip(batch, answers, strict=True):
                if isinstance(answer, ChatError):
                    _refuse(send, answer)
                elif not send.done.done():
                    send.done.set_result(answer)

    async def _commit_singly(self, batch: list[_Send]) -> None:
        for send in batch:
            await self._commit([send])

    async def _write(self, batch: Sequence[_Send]) -> tuple[list[Sent | ChatError], list[Event]]:
        async with self._unit.store.transaction() as tx:
            channels = await tx.channels.lock(sorted({send.channel_sid for send in batch}))
            senders = await _senders(tx, batch)
            known = await _known_refs(tx, batch)
            now = self._unit.clock.now()
            written = _Written(dict(channels), [], [], [], set())
            answers: list[Sent | ChatError] = []
            for send in batch:
                try:
                    answers.append(self._place(send, senders, known, written, now))
                except ChatError as error:
                    answers.append(error)
            if written.messages:
                touched = [written.channels[sid] for sid in sorted(written.touched)]
                await tx.messages.insert_many(written.messages, written.events, touched, written.jobs)
        return answers, written.events

    def _place(
        self,
        send: _Send,
        senders: dict[tuple[str, str], Sender],
        known: dict[tuple[str, str, str], Message],
        written: _Written,
        now: datetime,
    ) -> Sent:
        """Checks one send against the locked state and gives it its index and offset."""
        draft, actor = send.draft, send.actor
        channel = written.channels.get(send.channel_sid)
        if channel is None or channel.service_sid != actor.service_sid:
            raise channel_not_found(draft.channel)
        if actor.identity is not None:
            _allow(channel, senders.get((channel.sid, actor.identity)), draft)
        ref = None
        if draft.client_ref is not None:
            ref = (channel.sid, send.author, limits.client_ref(draft.client_ref))
            if ref in known:
                return Sent(message=known[ref], duplicate=True)
        if draft.media_sid is not None:
            raise ChatError(Code.MEDIA_NOT_FOUND, f"Media {draft.media_sid} was not found")
        self._rates.channel(channel.sid)
        created = given(draft.date_created, now)
        channel = advance(channel)
        message = Message(
            sid=MessageSid(new_sid("IM")),
            channel_sid=channel.sid,
            service_sid=channel.service_sid,
            index=channel.next_index,
            author=limits.author(send.author),
            body=limits.body(draft.body or ""),
            media=None,
            attributes="{}" if draft.attributes is UNSET else limits.attributes(draft.attributes),
            was_edited=False,
            last_updated_by=_editor(draft),
            client_ref=draft.client_ref,
            date_created=created,
            date_updated=given(draft.date_updated, created),
            rev=channel.stream.offset,
            created_rev=channel.stream.offset,
        )
        written.channels[channel.sid] = replace(
            channel,
            next_index=message.index + 1,
            messages_count=channel.messages_count + 1,
            last_message=LastMessage(index=message.index, date_created=created),
            last_message_sid=message.sid,
        )
        written.touched.add(channel.sid)
        written.messages.append(message)
        payload = serial.event(
            EventType.MESSAGE_ADDED,
            at=now,
            by=actor.identity,
            channel_sid=channel.sid,
            message=serial.message(message),
        )
        topic = channel_topic(channel.sid)
        written.events.append(Event(topic=topic, offset=message.rev, type=EventType.MESSAGE_ADDED, payload=payload))
        written.jobs += notify.for_message(send.service, channel, message)
        if ref is not None:
            known[ref] = message
        return Sent(message=message, duplicate=False)


def _allow(channel: Channel, sender: Sender | None, draft: SendDraft) -> None:
    if sender is None or not sender.member:
        if channel.type is ChannelType.PRIVATE and not (sender is not None and sender.invited):
            raise channel_not_found(draft.channel)
        raise not_a_member()
    needed = Permission.SEND_MEDIA_MESSAGE if draft.media_sid else Permission.SEND_MESSAGE
    if needed not in sender.permissions:
        raise not_authorized(needed)


def _editor(draft: SendDraft) -> str | None:
    editor = given(draft.last_updated_by, None)
    return None if editor is None else limits.last_updated_by(editor)


def _refuse(send: _Send, error: ChatError) -> None:
    if not send.done.done():
        send.done.set_exception(error)


async def _senders(tx: Repositories, batch: Sequence[_Send]) -> dict[tuple[str, str], Sender]:
    pairs: dict[tuple[ChannelSid, Identity], None] = {}
    for send in batch:
        if send.actor.identity is not None:
            pairs[send.channel_sid, send.actor.identity] = None
    if not pairs:
        return {}
    return {(s.channel_sid, s.identity): s for s in await tx.messages.senders(list(pairs))}


async def _known_refs(tx: Repositories, batch: Sequence[_Send]) -> dict[tuple[str, str, str], Message]:
    refs = [(s.channel_sid, s.author, s.draft.client_ref) for s in batch if s.draft.client_ref is not None]
    if not refs:
        return {}
    found = await tx.messages.by_refs(refs)
    return {(m.channel_sid, m.author, m.client_ref): m for m in found if m.client_ref is not None}
