"""Push jobs: one event, all devices that are to be told of it, a chunk at a time.

A chunk's accepted pushes are noted in the broker as they happen; what follows from them (retries, dead bindings, how
far the job is) is settled in the database in one statement, while the next chunk is sent. A worker that takes a job
over goes on after the last settled chunk and leaves out what is noted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from chatcore.domain.devices import PushType
from chatcore.domain.ids import BindingSid, Identity, ServiceSid, UserSid
from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.model import Service
from chatcore.domain.pushes import CONVERSATION_NAMES, PushEvent, badges, settings_of
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.jobs import Claimed
from chatcore.ports.pushes import (
    ActingUser,
    Audience,
    EventNames,
    PushedMessage,
    Pushes,
    Recipient,
    SentNotes,
    Whereabouts,
)

from . import happenings, logbook, payloads, waiting
from .counting import Counting
from .dispatch import Dispatch, Ending
from .happenings import Happening
from .outcome import Done, Later, Outcome
from .overlap import overlapped
from .payloads import Note
from .providers.port import Delivery
from .waiting import WaitingPush

logger = logging.getLogger(__name__)

PLACES: Final = 64
"""Half of them for one service."""
CHUNK: Final = 500
"""Devices that are sent to and settled together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Times in seconds. `skip_online`: who is connected is not pushed to, but looked at again after `recheck` (0: is
    not)."""

    ttl: float
    skip_online: bool
    recheck: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all handlers of pushes share. Once the worker is `stopping`, no further chunk is begun."""

    pushes: Pushes
    service: Callable[[ServiceSid], Awaitable[Service | None]]
    whereabouts: Whereabouts
    notes: SentNotes
    dispatch: Dispatch
    counting: Counting
    rules: Rules
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Devices that were seen to, what became of their pushes, and who was passed over because it is online."""

    devices: Sequence[Recipient]
    endings: Sequence[Ending]
    online: list[Identity]

    @property
    def after(self) -> BindingSid:
        return self.devices[-1].binding_sid

    @property
    def last(self) -> bool:
        return len(self.devices) < CHUNK


class Settling(Exception):
    """For so many seconds nobody can say who is connected."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class FanOut:
    """Works on one kind of job: PUSH, or RECHECK, which tells only those who seemed to be online, were lost since, and
    have not read the message."""

    places = PLACES

    def __init__(self, desk: Desk, kind: JobKind = JobKind.PUSH) -> None:
        self.kind = kind
        self._desk = desk
        self._again = kind is JobKind.RECHECK

    async def handle(self, job: Claimed) -> Outcome:
        """Raises KeyError, TypeError or ValueError for a job that cannot be read."""
        happening = happenings.read(job)
        counting = self._desk.counting
        service = await self._desk.service(happening.service_sid)
        if datetime.now(UTC) >= happening.at + timedelta(seconds=self._desk.rules.ttl):
            return await self._nobody(service, happening, "expired")
        if service is None:
            counting.ended(None, "obsolete")
            return Done()
        message = None
        if happening.message_index is not None:
            message = await self._desk.pushes.message(happening.channel_sid, happening.message_index)
            if message is None:
                return await self._nobody(service, happening, "obsolete", "message deleted")
        notes = _Notes(service, happening, message)
        if notes.names == EventNames(chat=None, conversations=None):
            return await self._nobody(service, happening, "obsolete", "event disabled")
        if happening.by is not None:
            notes.acting = await self._desk.pushes.acting_user(happening.service_sid, happening.by)
        if not job.begun and not self._again:
            counting.lag((datetime.now(UTC) - happening.at).total_seconds())
        try:
            return await self._chunks(job, happening, notes)
        except Settling as unknown:
            return Later(unknown.seconds, "presence is settling", counts=False)

    async def _nobody(
        self, service: Service | None, happening: Happening, outcome: str, reason: str | None = None
    ) -> Outcome:
        """The event is told to nobody (more)."""
        self._desk.counting.ended(None, outcome)
        if service is not None and any(log_enabled(service, vocabulary) for vocabulary in Vocabulary):
            line = logbook.told_to_nobody(happening, outcome, reason)
            await self._desk.pushes.note(happening.service_sid, line)
        return Done()

    async def _chunks(self, job: Claimed, happening: Happening, notes: _Notes) -> Outcome:
        """While one chunk is written down, the next one is sent already."""
        after = str(job.progress.get("after", ""))
        done = await self._desk.notes.noted(job.id) if job.begun else ()
        audience = self._audience(happening, notes.names)
        chunk = await self._chunk(job, happening, notes, audience, after, done)
        if chunk is None and not after:
            self._desk.counting.ended(None, "no_binding")
        while chunk is not None:
            settling = self._settle(job, happening, notes, chunk)
            if chunk.last:
                await settling
                return Done()
            if self._desk.stopping.is_set():
                return Later(0.0, "the worker stops", counts=False) if await settling else Done()
            following = self._chunk(job, happening, notes, audience, chunk.after, done)
            chunk = await overlapped(settling, following)
        return Done()

    async def _chunk(
        self,
        job: Claimed,
        happening: Happening,
        notes: _Notes,
        audience: Audience,
        after: str,
        done: Collection[BindingSid],
    ) -> _Chunk | None:
        """Sends to those who come after this device; None: there are none."""
        devices = await self._desk.pushes.recipients(audience, after, CHUNK)
        if not devices:
            return None
        endings, online = await self._send(job, happening, notes, devices, done)
        return _Chunk(devices, endings, online)

    async def _settle(self, job: Claimed, happening: Happening, notes: _Notes, chunk: _Chunk) -> bool:
        """Whether the job is still this worker's."""
        here = frozenset(chunk.online)
        unsent = [
            logbook.passed_over(to, happening.event.value, happening.message_sid, "online")
            for to in chunk.devices
            if to.identity in here and notes.logged(to.vocabulary)
        ]
        others = self._recheck(job, happening, chunk.online)
        return await self._desk.dispatch.settle(
            job, chunk.endings, after=chunk.after, others=others, unsent=unsent, last=chunk.last
        )

    def _audience(self, happening: Happening, names: EventNames) -> Audience:
        message = happening.event is PushEvent.NEW_MESSAGE
        return Audience(
            service_sid=happening.service_sid,
            channel_sid=happening.channel_sid,
            names=names,
            identities=happening.identities,
            author=happening.by if message else None,
            unread_from=happening.message_index if self._again else None,
        )

    async def _send(
        self,
        job: Claimed,
        happening: Happening,
        notes: _Notes,
        chunk: Sequence[Recipient],
        done: Collection[BindingSid],
    ) -> tuple[Sequence[Ending], list[Identity]]:
        """And who was passed over because it is online."""
        absent, online = await self._absent(happening, chunk)
        going = [to for to in chunk if to.identity in absent and to.binding_sid not in done]
        numbers = await self._numbers(happening, notes, going)
        pushes = []
        for to in going:
            push = self._push(happening, notes, to, numbers)
            if push is None:
                self._desk.counting.ended(to.kind, "rejected")
            else:
                pushes.append(push)
        return await self._desk.dispatch.send(job, pushes), online

    async def _absent(
        self, happening: Happening, chunk: Sequence[Recipient]
    ) -> tuple[Collection[Identity], list[Identity]]:
        """Who is pushed to, and who is online. Raises Settling. Nobody is taken for online while presence is away: a
        push too many is better than none."""
        identities = list(dict.fromkeys(to.identity for to in chunk))
        if not self._desk.rules.skip_online:
            return identities, []
        try:
            seen = await self._desk.whereabouts.seen(happening.service_sid, identities)
            if seen.settles_in:
                raise Settling(seen.settles_in)
            absent = [identity for identity in identities if identity not in seen.online]
            if self._again and absent:
                left = await self._desk.whereabouts.left(happening.service_sid, absent, happening.at)
                absent = [identity for identity in absent if identity not in left]
        except ConnectionError:
            return identities, []
        for to in chunk:
            if to.identity in seen.online:
                self._desk.counting.ended(to.kind, "online")
        return frozenset(absent), [identity for identity in identities if identity in seen.online]

    async def _numbers(
        self, happening: Happening, notes: _Notes, going: Sequence[Recipient]
    ) -> Mapping[UserSid, int] | None:
        if happening.event is not PushEvent.NEW_MESSAGE:
            return None
        users = {to.user_sid for to in going if to.kind is PushType.APN and to.vocabulary in notes.badges}
        return await self._desk.pushes.badges(users) if users else {}

    def _push(
        self, happening: Happening, notes: _Notes, to: Recipient, numbers: Mapping[UserSid, int] | None
    ) -> WaitingPush | None:
        """None: too large for the provider, however much it is shortened."""
        note = notes.of(to.vocabulary, to.kind)
        if note is None:
            return None
        push_id = payloads.push_id(happening.event_id, to.binding_sid)
        if to.kind is PushType.APN:
            numbered = numbers is not None and to.vocabulary in notes.badges
            badge = numbers.get(to.user_sid, 0) if numbers is not None and numbered else None
            payload: Mapping[str, object] = payloads.apns(note, push_id, badge)
        else:
            payload = payloads.fcm(note, push_id)
        delivery = Delivery(
            push_id=push_id,
            kind=to.kind,
            address=to.address,
            payload=payload,
            expires_at=happening.at + timedelta(seconds=self._desk.rules.ttl),
            collapse_id=happening.message_sid or push_id,
        )
        return waiting.of_event(
            happening,
            to,
            delivery,
            needs_member=happening.event in (PushEvent.NEW_MESSAGE, PushEvent.ADDED),
            logged=notes.logged(to.vocabulary),
        )

    def _recheck(self, job: Claimed, happening: Happening, online: list[Identity]) -> Sequence[Job]:
        rules = self._desk.rules
        if not online or not rules.recheck or self._again:
            return ()
        ends = happening.at + timedelta(seconds=rules.ttl) - datetime.now(UTC)
        recheck = Job(
            kind=JobKind.RECHECK,
            service_sid=job.service_sid,
            job=happenings.again(job, happening, online),
            due_in=timedelta(seconds=rules.recheck),
            expires_in=max(ends, timedelta(seconds=1)),
        )
        return (recheck,)


class _Notes:
    """What each kind of device is told; rendered when the first of them is met."""

    def __init__(self, service: Service, happening: Happening, message: PushedMessage | None) -> None:
        only_media = message is not None and bool(message.media) and not message.body
        self._happening = happening
        self._message = message
        self._service = service
        self._settings = {v: settings_of(service, v, happening.event, only_media=only_media) for v in Vocabulary}
        self._made: dict[tuple[Vocabulary, PushType], Note | None] = {}
        self.acting: ActingUser | None = None
        self.badges = badges(service)
        event, of = happening.event, self._settings
        self.names = EventNames(
            chat=event.value if of[Vocabulary.CHAT].enabled else None,
            conversations=CONVERSATION_NAMES.get(event) if of[Vocabulary.CONVERSATIONS].enabled else None,
        )

    def of(self, vocabulary: Vocabulary, kind: PushType) -> Note | None:
        key = vocabulary, kind
        if key not in self._made:
            settings = self._settings[vocabulary]
            whole = payloads.note(self._happening, vocabulary, settings, self.acting, self._message)
            self._made[key] = payloads.fitted(whole, kind)
            if self._made[key] is None:
                extra = {"action": "push_too_large", "event_id": self._happening.event_id}
                logger.error("A push does not fit its provider's limit", extra=extra)
        return self._made[key]

    def logged(self, vocabulary: Vocabulary) -> bool:
        return log_enabled(self._service, vocabulary)


def log_enabled(service: Service, vocabulary: Vocabulary) -> bool:
    if vocabulary is Vocabulary.CHAT:
        return service.notifications.log_enabled
    return service.conversation_notifications.log_enabled
