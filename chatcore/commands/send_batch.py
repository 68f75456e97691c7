"""Sends share transactions: while one batch commits, the next one fills.

The one exception to "one command, one transaction", because a durable commit costs the same for one message as for
two hundred. A lone send goes at once. Rows of a batch are locked in ascending channel order, so batches of several
nodes never deadlock; within a channel, messages take their indexes in the order they were handed in. A send that is
refused fails alone; if a whole batch cannot be written, its sends are tried one by one.

A batch is written in a transaction that locks and reads what it needs, or, where this node knows all of that from its
last batches, by one statement that checks it (see `known_channels`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from chatcore.domain import limits, serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Event, EventType, channel_topic, topic_sid
from chatcore.domain.ids import ChannelSid, MessageSid, is_sid, new_sid
from chatcore.domain.jobs import Job
from chatcore.domain.media import MediaFile
from chatcore.domain.model import (
    UNSET,
    Actor,
    Channel,
    LastMessage,
    Message,
    Position,
    Service,
    channel_with,
    given,
)
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action
from chatcore.ports.store import TransactionConflict

from . import notify, webhooks
from .access import channel_not_found, enter
from .activity import touched
from .known_channels import KnownChannels, requirements
from .rates import Rates
from .sending import Known, Send, SendDraft, Sent, attachable, look_up, require_sender
from .services import Services
from .unit import ATTEMPTS, Unit, advance

logger = logging.getLogger(__name__)
BATCH_MAX = 256


@dataclass(slots=True)
class _Written:
    """What one batch adds, in order, and the state of its channels as it goes."""

    channels: dict[ChannelSid, Channel]
    messages: list[Message] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    jobs: list[tuple[ChannelSid, Job]] = field(default_factory=list)
    touched: set[ChannelSid] = field(default_factory=set)
    files: list[MediaFile] = field(default_factory=list)


class SendBatch:
    """Collects sends of this node; `run` commits them until cancelled."""

    def __init__(self, unit: Unit, rates: Rates, services: Services) -> None:
        self._unit = unit
        self._rates = rates
        self._services = services
        self._known = KnownChannels(unit.clock)
        self._waiting: list[Send] = []
        self._asleep: asyncio.Future[None] | None = None

    async def send(self, actor: Actor, draft: SendDraft) -> Sent:
        """Returns once the message is durable. Raises ChatError, also while the database is away."""
        service = await self._services.settings(actor)
        sid = draft.channel
        if not is_sid("CH", sid):
            sid = (await enter(self._unit.store.read, actor, sid)).channel.sid
        return await self._put(actor, draft, ChannelSid(sid), service)

    def begin(self, actor: Actor, draft: SendDraft, service: Service) -> asyncio.Future[Sent] | None:
        """`send` under way, for somebody who waits for it in his own manner. None where the channel has to be looked
        up first."""
        return self._put(actor, draft, ChannelSid(draft.channel), service) if is_sid("CH", draft.channel) else None

    def _put(self, actor: Actor, draft: SendDraft, sid: ChannelSid, service: Service) -> asyncio.Future[Sent]:
        done: asyncio.Future[Sent] = asyncio.get_running_loop().create_future()
        author = given(draft.author, actor.name)
        self._waiting.append(Send(actor=actor, draft=draft, channel_sid=sid, service=service, author=author, done=done))
        if self._asleep is not None and not self._asleep.done():
            self._asleep.set_result(None)
        return done

    async def run(self) -> None:
        """Commits until cancelled; what is waiting then is refused as temporarily unavailable."""
        try:
            while True:
                if not self._waiting:
                    self._asleep = asyncio.get_running_loop().create_future()
                    await self._asleep
                batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
                await self._commit(batch)
        finally:
            for send in self._waiting:
                _refuse(send, ChatError(Code.UNAVAILABLE, "The node is stopping"))

    async def _commit(self, batch: list[Send]) -> None:
        if (recalled := self._known.recall(batch)) is not None:
            batch = await self._append(batch, *recalled)
        if batch:
            await self._commit_locked(batch)

    async def _append(self, batch: list[Send], channels: Mapping[ChannelSid, Channel], known: Known) -> list[Send]:
        """Writes and answers the sends to channels that are still as they are known. Returns the others, of which
        nothing was written."""
        answers, written = self._place_all(batch, channels, known)
        if not written.messages:
            return batch
        touched = [(channels[sid].stream.offset, written.channels[sid]) for sid in sorted(written.touched)]
        try:
            moved = await self._unit.store.read.messages.append(
                written.messages, written.events, touched, requirements(batch), written.jobs
            )
        except TransactionConflict:
            return batch
        except ChatError as error:
            if not error.temporary:
                return batch  # a client_ref was used before: for what, the transaction finds out
            for send in batch:
                _refuse(send, error)
            return []
        except asyncio.CancelledError:
            for send in batch:
                _refuse(send, ChatError(Code.UNAVAILABLE, "The node is stopping"))
            raise
        self._known.avoid(written.touched - moved)
        self._known.keep(channels, [written.channels[sid] for sid in sorted(moved)], known.senders)
        if written.jobs and moved:
            self._unit.ring()
        if len(moved) == len(channels):  # nearly always
            self._conclude(zip(batch, answers, strict=True), written.events)
            return []
        events = [event for event in written.events if topic_sid(event.topic) in moved]
        sent = [(send, answer) for send, answer in zip(batch, answers, strict=True) if send.channel_sid in moved]
        self._conclude(sent, events)
        return [send for send in batch if send.channel_sid not in moved]

    async def _commit_locked(self, batch: list[Send]) -> None:
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
            self._conclude(zip(batch, answers, strict=True), events)

    def _conclude(self, answers: Iterable[tuple[Send, Sent | ChatError]], events: Sequence[Event]) -> None:
        """Who waits for an answer goes on in the next turn of the loop, and so leaves with what is published here."""
        _answer(answers)
        self._unit.publisher.publish(events)

    async def _commit_singly(self, batch: list[Send]) -> None:
        for send in batch:
            await self._commit_locked([send])

    async def _write(self, batch: Sequence[Send]) -> tuple[list[Sent | ChatError], list[Event]]:
        async with self._unit.store.transaction() as tx:
            channels = await tx.channels.lock(sorted({send.channel_sid for send in batch}))
            known = await look_up(tx, batch, channels)
            answers, written = self._place_all(batch, channels, known)
            if written.messages:
                touched = [written.channels[sid] for sid in sorted(written.touched)]
                jobs = [job for _, job in written.jobs]
                await tx.messages.insert_many(written.messages, written.events, touched, jobs)
            for file in written.files:
                await tx.media.update(file)
        self._known.keep(channels, written.channels.values(), known.senders)
        if written.jobs:
            self._unit.ring()
        return answers, written.events

    def _place_all(
        self, batch: Sequence[Send], channels: Mapping[ChannelSid, Channel], known: Known
    ) -> tuple[list[Sent | ChatError], _Written]:
        now = self._unit.clock.now()
        written = _Written(dict(channels))
        answers: list[Sent | ChatError] = []
        for send in batch:
            try:
                answers.append(self._place(send, known, written, now))
            except ChatError as error:
                answers.append(error)
        return answers, written

    def _place(self, send: Send, known: Known, written: _Written, now: datetime) -> Sent:
        """Checks one send against the locked state and gives it its index and offset."""
        draft, actor = send.draft, send.actor
        channel = written.channels.get(send.channel_sid)
        if channel is None or channel.service_sid != actor.service_sid:
            raise channel_not_found(draft.channel)
        if actor.identity is not None:
            require_sender(channel, known.senders.get((channel.sid, actor.identity)), draft)
        ref = None
        if draft.client_ref is not None:
            ref = (channel.sid, send.author, limits.client_ref(draft.client_ref))
            if ref in known.refs:
                return Sent(message=known.refs[ref], duplicate=True)
        files = [attachable(known.files.get(sid), sid, actor) for sid in draft.media_sids]
        if not send.counted:
            self._rates.channel(channel.sid)
            send.counted = True
        woken = touched(channel, now)
        created = given(draft.date_created, now)
        position = channel.stream.offset + 1
        message = Message(
            sid=MessageSid(new_sid("IM")),
            channel_sid=channel.sid,
            service_sid=channel.service_sid,
            index=channel.next_index,
            author=limits.author(send.author),
            body=_body(draft),
            media=tuple(file.media for file in files),
            attributes="{}" if draft.attributes is UNSET else limits.attributes(draft.attributes),
            was_edited=False,
            last_updated_by=_editor(draft),
            client_ref=draft.client_ref,
            date_created=created,
            date_updated=given(draft.date_updated, created),
            rev=position,
            created_rev=position,
            member_sid=known.author_sid(channel.sid, send.author),
            subject=limits.subject(draft.subject),
            content_sid=draft.content_sid,
            content_variables=draft.content_variables,
        )
        changed = channel_with(
            woken,
            next_index=message.index + 1,
            messages_count=channel.messages_count + 1,
            last_message=LastMessage(index=message.index, date_created=created),
            last_message_sid=message.sid,
            stream=Position(offset=position, epoch=channel.stream.epoch),
        )
        text = serial.message(message)
        self._log(send, message, text, now, written)
        if woken.state is not channel.state:
            changed = self._log_waking(send, channel, changed, known, now, written)
        written.channels[channel.sid] = changed
        written.touched.add(channel.sid)
        written.messages.append(message)
        for file in files:
            attached = replace(
                file,
                channel_sid=channel.sid,
                message_sid=message.sid,
                message_index=message.index,
                date_updated=now,
            )
            known.files[file.sid] = attached
            written.files.append(attached)
        for jobs in (
            notify.for_message(send.service, channel, message),
            notify.for_guests(channel, message, known.guests[channel.sid]) if channel.sid in known.guests else (),
            _webhook_jobs(send, Action.MESSAGE_ADD, {}, changed, known, now, message=message),
        ):
            if jobs:
                written.jobs += [(channel.sid, job) for job in jobs]
        if ref is not None:
            known.refs[ref] = message
        return Sent(message=message, duplicate=False, written=text)

    @staticmethod
    def _log(send: Send, message: Message, text: str, now: datetime, written: _Written) -> None:
        payload = serial.event(
            EventType.MESSAGE_ADDED,
            at=now,
            by=send.actor.identity,
            channel_sid=message.channel_sid,
            message=text,
        )
        topic = channel_topic(message.channel_sid)
        written.events.append(Event(topic=topic, offset=message.rev, type=EventType.MESSAGE_ADDED, payload=payload))

    @staticmethod
    def _log_waking(
        send: Send, old: Channel, channel: Channel, known: Known, now: datetime, written: _Written
    ) -> Channel:
        """The message woke an inactive conversation."""
        channel = advance(channel)
        channel = replace(channel, rev=channel.stream.offset)
        kind = EventType.CHANNEL_UPDATED
        text = serial.channel(channel)
        payload = serial.event(kind, at=now, by=send.actor.identity, channel_sid=channel.sid, channel=text)
        topic = channel_topic(channel.sid)
        written.events.append(Event(topic=topic, offset=channel.stream.offset, type=kind, payload=payload))
        states = {"state_from": old.state.value, "state_to": channel.state.value, "reason": "EVENT"}
        jobs = _webhook_jobs(send, Action.STATE_UPDATE, states, channel, known, now)
        written.jobs += [(channel.sid, job) for job in jobs]
        return channel


def _webhook_jobs(
    send: Send,
    action: Action,
    facts: Facts,
    channel: Channel,
    known: Known,
    now: datetime,
    *,
    message: Message | None = None,
) -> Sequence[Job]:
    if not webhooks.heard(send.actor) or not webhooks.wanted(send.service, channel):
        return ()
    told = {"at": serial.date(now), "by": send.actor.name, **facts, "channel": snapshot.channel(channel)}
    if message is not None:
        told["message"] = snapshot.message(message)
    scoped = known.webhooks.get(channel.sid, ())
    return webhooks.post_jobs(send.actor, send.service, action, told, channel=channel, scoped=scoped, message=message)


def _body(draft: SendDraft) -> str | None:
    if draft.content_sid is not None or (draft.media_sids and not draft.body):
        return None
    return limits.body(draft.body or "")


def _editor(draft: SendDraft) -> str | None:
    editor = given(draft.last_updated_by, None)
    return None if editor is None else limits.last_updated_by(editor)


def _answer(answers: Iterable[tuple[Send, Sent | ChatError]]) -> None:
    for send, answer in answers:
        if isinstance(answer, ChatError):
            _refuse(send, answer)
        elif not send.done.done():
            send.done.set_result(answer)


def _refuse(send: Send, error: ChatError) -> None:
    if not send.done.done():
        send.done.set_exception(error)
