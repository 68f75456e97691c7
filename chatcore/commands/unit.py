"""The one way to act: check, ask the hook, transact, publish.

A command's `act` runs inside the transaction, reads again whatever it relies on, and collects events, signals and
jobs in its Work. They are written with the state in one commit; the broker hears afterwards and may lose it, because
readers repair from the log by position.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from chatcore.domain import serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Event, EventType, Signal, channel_topic, user_topic
from chatcore.domain.ids import ChannelSid
from chatcore.domain.jobs import Job
from chatcore.domain.model import Actor, Channel, Message
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action, ChannelWebhook
from chatcore.ports.broker import Publisher
from chatcore.ports.clock import Clock
from chatcore.ports.store import Repositories, Store, TransactionConflict
from chatcore.ports.views import UserStream

from . import webhooks

T = TypeVar("T")
ATTEMPTS = 5


@dataclass(slots=True, kw_only=True)
class Work:
    """What one command does in its transaction."""

    tx: Repositories
    now: datetime
    by: str | None
    events: list[Event] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)

    def log_channel(self, channel: Channel, kind: EventType, /, *, subject: str = "", **parts: str) -> None:
        """Logs at the offset that `advance` gave the channel. `parts` are JSON text."""
        payload = serial.event(kind, at=self.now, by=self.by, channel_sid=channel.sid, **parts)
        topic = channel_topic(channel.sid)
        self.events.append(
            Event(topic=topic, offset=channel.stream.offset, type=kind, payload=payload, subject=subject)
        )

    def log_user(self, stream: UserStream, kind: EventType, about: ChannelSid | None = None, /, **parts: str) -> None:
        """Logs at the stream's present offset: advance it first. `parts` are JSON text."""
        payload = serial.event(kind, at=self.now, by=self.by, channel_sid=about, **parts)
        topic = user_topic(stream.user_sid)
        self.events.append(Event(topic=topic, offset=stream.offset, type=kind, payload=payload, subject=about or ""))

    async def tell(
        self,
        actor: Actor,
        action: Action,
        facts: Facts,
        *,
        channel: Channel | None = None,
        message: Message | None = None,
    ) -> None:
        """Webhook jobs for what was just done; the snapshots of channel and message are added to `facts`."""
        if not webhooks.heard(actor):
            return
        service = await self.tx.services.find(actor.service_sid)
        if service is None or not webhooks.wanted(service, channel):
            return
        scoped: Sequence[ChannelWebhook] = ()
        told = {"at": serial.date(self.now), "by": actor.name, **facts}
        if channel is not None:
            told["channel"] = snapshot.channel(channel)
            if channel.webhooks_count:
                scoped = (await self.tx.channel_webhooks.of_channels([channel.sid])).get(channel.sid, ())
        if message is not None:
            told["message"] = snapshot.message(message)
        self.jobs += webhooks.post_jobs(actor, service, action, told, channel=channel, scoped=scoped, message=message)


def advance(channel: Channel) -> Channel:
    """The channel one event further in its stream."""
    return replace(channel, stream=replace(channel.stream, offset=channel.stream.offset + 1))


class Unit:
    """Runs commands as transactions."""

    def __init__(
        self, store: Store, publisher: Publisher, clock: Clock, ring: Callable[[], None] = lambda: None
    ) -> None:
        """`ring` is called after a commit that left jobs for the workers; nothing depends on its being heard."""
        self.store = store
        self.publisher = publisher
        self.clock = clock
        self.ring = ring

    async def run(self, actor: Actor, act: Callable[[Work], Awaitable[T]]) -> T:
        """Commits what `act` did, then publishes it. A conflict with another transaction runs `act` again."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self.store.transaction() as tx:
                    work = Work(tx=tx, now=self.clock.now(), by=actor.identity)
                    result = await act(work)
                    if work.events:
                        await tx.events.append(work.events, work.now)
                    if work.jobs:
                        await tx.outbox.put(work.jobs, work.now)
            except TransactionConflict:
                if attempt == ATTEMPTS:
                    raise ChatError(Code.UNAVAILABLE, "Too many conflicting changes, try again") from None
                continue
            self.publisher.publish([*work.events, *work.signals])
            if work.jobs:
                self.ring()
            return result
        raise AssertionError("the last attempt returns or raises")
