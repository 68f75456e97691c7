"""Devices of people, a provider that does what the test says, and workers that push to them."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from chatcore.commands.devices import DeviceDraft
from chatcore.domain.devices import Binding, PushType
from chatcore.domain.ids import BindingSid, CredentialSid, Identity, ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.domain.model import Actor, NotificationSettings
from chatcore.ports.pushes import Seen
from chatcore.store.outbox import Queue
from chatcore.store.pushes import Pushes
from chatcore.telemetry import Metrics
from push.badges import Badges
from push.budget import Budget
from push.counting import Counting
from push.desks import Handler
from push.dispatch import Dispatch, Sender
from push.fanout import Desk, FanOut, Rules
from push.providers.outcomes import Outcome, Sent
from push.providers.port import Delivery, SendingCredential
from push.reachability import Reachability
from push.recent import Recent
from push.retries import Retries
from push.vault import Vault
from push.worker import Worker
from tests.integration.commands.push_keys import SAFE, new_credential
from tests.integration.commands.world import World

from .rig import POLL, eventually

ON = NotificationSettings(enabled=True, template="${CHANNEL}|${USER}|${MESSAGE}")


class FakeSender:
    """Takes everything, unless `react` says otherwise."""

    def __init__(self) -> None:
        self.sent: list[Delivery] = []
        self.tried: list[Delivery] = []
        self.suspects: set[CredentialSid] = set()
        self.react: Callable[[Delivery], Outcome] = lambda _: Sent()
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        self.tried.append(delivery)
        await self.gate.wait()
        outcome = self.react(delivery)
        if isinstance(outcome, Sent):
            self.sent.append(delivery)
        return outcome

    def suspected(self, sid: CredentialSid) -> bool:
        return sid in self.suspects

    def to(self, device: Binding) -> list[Delivery]:
        return [delivery for delivery in self.sent if delivery.address == device.address]


class FakeWhereabouts:
    def __init__(self) -> None:
        self.online: set[str] = set()
        self.gone: dict[str, datetime] = {}
        self.settles_in = 0.0
        self.away = False

    async def seen(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Seen:
        if self.away:
            raise ConnectionError("away")
        online = frozenset(each for each in identities if each in self.online)
        return Seen(online=online, settles_in=self.settles_in)

    async def left(
        self, service_sid: ServiceSid, identities: Sequence[Identity], since: datetime
    ) -> Collection[Identity]:
        return [identity for identity in identities if identity in self.gone and self.gone[identity] >= since]


class FakeNotes:
    def __init__(self) -> None:
        self.kept: dict[int, set[BindingSid]] = {}

    def note(self, job: int, binding: BindingSid) -> None:
        self.kept.setdefault(job, set()).add(binding)

    async def noted(self, job: int) -> Collection[BindingSid]:
        return self.kept.get(job, set())


@dataclass(slots=True)
class Phones:
    world: World
    sender: FakeSender = field(default_factory=FakeSender)
    whereabouts: FakeWhereabouts = field(default_factory=FakeWhereabouts)
    notes: FakeNotes = field(default_factory=FakeNotes)
    rules: Rules = field(default_factory=lambda: Rules(ttl=86400, skip_online=True, recheck=0))
    metrics: Metrics = field(default_factory=Metrics)
    budget: Budget = field(default_factory=Budget)
    credentials: dict[PushType, CredentialSid] = field(default_factory=dict)
    workers: int = 0

    async def credential(self, kind: PushType) -> CredentialSid:
        if kind not in self.credentials:
            self.credentials[kind] = (await new_credential(self.world, kind)).sid
        return self.credentials[kind]

    async def device(self, actor: Actor, kind: PushType = PushType.APN, *types: str, number: int = 0) -> Binding:
        """Of Chat, unless the types say otherwise."""
        named = f"{actor.identity}-{number}"
        address = named.encode().hex().ljust(64, "0") if kind is PushType.APN else f"token-{named:_<20}"
        draft = DeviceDraft(
            type=kind, address=address, credential_sid=await self.credential(kind), message_types=types or None
        )
        return await self.world.chat.devices.register(actor, draft)

    async def enable(self, **settings: NotificationSettings | bool) -> None:
        """Of Chat, by name of the event."""
        changed = replace(self.world.service.notifications, **settings)  # type: ignore[arg-type]  # fields by name
        await self.world.configure(notifications=changed)

    async def enable_conversations(self, **settings: Any) -> None:  # Any: fields by name
        await self.world.configure(
            conversation_notifications=replace(self.world.service.conversation_notifications, **settings)
        )

    def desk(self, worker: str, sender: Sender | None = None, reachability: Reachability | None = None) -> Desk:
        pushes, counting = Pushes(self.world.pool, worker), Counting(self.metrics)
        dispatch = Dispatch(
            sender or self.sender,
            Vault(pushes.credential, SAFE.open),
            pushes,
            counting,
            accepted=lambda job, push: self.notes.note(job, push.recipient.binding_sid),
            reachability=reachability,
            budget=self.budget,
        )
        return Desk(
            pushes=pushes,
            service=Recent(self.world.store.read.services.find, 0.0).get,
            whereabouts=self.whereabouts,
            notes=self.notes,
            dispatch=dispatch,
            counting=counting,
            rules=self.rules,
        )

    @contextlib.asynccontextmanager
    async def working(
        self, *, poll: float = POLL, sender: Sender | None = None, reachability: Reachability | None = None
    ) -> AsyncIterator[Worker]:
        """One worker; it stops in order."""
        self.workers += 1
        name = f"pusher {self.workers}"
        stopping = asyncio.Event()
        desk = replace(self.desk(name, sender, reachability), stopping=stopping)
        handlers: list[Handler] = [FanOut(desk), FanOut(desk, JobKind.RECHECK), Retries(desk), Badges(desk)]
        worker = Worker(Queue(self.world.pool, name), handlers, poll=poll)
        task = asyncio.create_task(worker.run(stopping))
        try:
            yield worker
        finally:
            assert not task.done()
            stopping.set()
            await task

    async def drain(self) -> None:
        """Works until nothing is due any more."""
        async with self.working():
            await eventually(self.nothing_due)

    async def nothing_due(self) -> bool:
        return not await self.world.pool.fetchval(
            "SELECT EXISTS (SELECT FROM outbox WHERE kind <> 'webhook' AND (due_at <= now() OR claimed_by IS NOT NULL))"
        )

    async def hurry(self, *kinds: str) -> None:
        """Time passes for what waits."""
        await self.world.pool.execute("UPDATE outbox SET due_at = now() WHERE kind = ANY ($1::text[])", list(kinds))

    async def waiting(self, kind: str) -> list[dict[str, Any]]:
        rows = await self.world.pool.fetch("SELECT * FROM outbox WHERE kind = $1 ORDER BY id", kind)
        return [dict(row) for row in rows]

    @property
    def outcomes(self) -> Counter[str]:
        """By outcome, of all providers."""
        found: Counter[str] = Counter()
        for family in self.metrics.push.collect():
            for sample in family.samples:
                if sample.name.endswith("_total"):
                    found[sample.labels["outcome"]] += int(sample.value)
        return found
