"""A device that is told of too much: what waits for it, and what a newer message makes superfluous."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from chatcore.auth.credentials import PushSecrets
from chatcore.domain.devices import Credential, PushType
from chatcore.domain.ids import AccountSid, BindingSid, ChannelSid, CredentialSid, Identity, MessageSid, ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.ports.jobs import Claimed
from chatcore.ports.pushes import Seen, Settled, Settlement, Verdict, Waiting
from chatcore.telemetry import Metrics
from push import waiting
from push.counting import Counting
from push.dispatch import Dispatch
from push.fanout import Desk, Rules
from push.outcome import Later
from push.providers.outcomes import Outcome, Sent
from push.providers.port import Delivery, SendingCredential
from push.providers.rates import BURST, EVERY
from push.providers.sending import Sending
from push.retries import Retries
from push.vault import Vault

from .test_waiting import PUSH

SERVICE = ServiceSid("IS1")
POLL = 0.1
ROOM, OTHER_ROOM = ChannelSid("CH1"), ChannelSid("CH2")


@dataclass(slots=True)
class Row:
    job: Mapping[str, Any]  # Any: JSON
    due_at: float


class Rows:
    """The waiting pushes."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self._ids = 0

    def due(self) -> list[Claimed]:
        now = asyncio.get_running_loop().time()
        due = [id_ for id_, row in self.rows.items() if row.due_at <= now]
        for id_ in due:
            self.rows[id_].due_at = now + 60
        return [claimed(id_, self.rows[id_]) for id_ in due]

    async def settle(self, job: Claimed, settlement: Settlement) -> Settled:
        for made in settlement.jobs:
            self._ids += 1
            due_at = asyncio.get_running_loop().time() + made.due_in.total_seconds()
            self.rows[self._ids] = Row(made.job, due_at)
        return Settled(held=True, dead=())

    async def rewrite(self, job: Claimed, fresh: Mapping[str, object]) -> None:
        self.rows[job.id].job = fresh

    async def still_wanted(self, asked: Waiting) -> Verdict:
        assert asked.message_index is not None
        for id_, row in self.rows.items():
            newer = row.job["message_index"] > asked.message_index
            if asked.may_be_superseded and id_ != asked.job and row.job["channel_sid"] == asked.channel_sid and newer:
                return "superseded"
        return "wanted"


def claimed(id_: int, row: Row, kind: JobKind = JobKind.PUSH_RETRY) -> Claimed:
    return Claimed(
        id=id_,
        kind=kind,
        service_sid=SERVICE,
        lane=None,
        job=row.job,
        progress={},
        created_at=datetime.now(UTC),
        attempts=1,
    )


class Provider:
    kinds = frozenset({PushType.APN})

    def __init__(self) -> None:
        self.took: list[tuple[float, str]] = []

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        self.took.append((asyncio.get_running_loop().time(), delivery.push_id))
        return Sent()

    async def aclose(self) -> None: ...


class Absent:
    async def seen(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Seen:
        return Seen(online=())

    async def noted(self, job: int) -> Collection[BindingSid]:
        return ()


async def read(sid: CredentialSid) -> tuple[Credential, bytes]:
    now = datetime.now(UTC)
    credential = Credential(
        sid=sid,
        account_sid=AccountSid("AC1"),
        friendly_name=None,
        type=PushType.APN,
        sandbox=None,
        date_created=now,
        date_updated=now,
    )
    return credential, b""


class Rig:
    def __init__(self) -> None:
        self.rows, self.provider, self.metrics = Rows(), Provider(), Metrics()
        counting, pushes = Counting(self.metrics), self.rows
        self.dispatch = Dispatch(
            Sending([self.provider]),
            Vault(read, lambda _: PushSecrets()),
            pushes,  # type: ignore[arg-type]  # as much of it as is needed
            counting,
        )
        self.desk = Desk(
            pushes=pushes,  # type: ignore[arg-type]
            service=None,  # type: ignore[arg-type]
            whereabouts=Absent(),  # type: ignore[arg-type]
            notes=Absent(),  # type: ignore[arg-type]
            dispatch=self.dispatch,
            counting=counting,
            rules=Rules(ttl=86400, skip_online=True, recheck=0),
        )

    async def message(self, index: int, room: ChannelSid = ROOM) -> None:
        """As the fan-out of its event would send it."""
        delivery = replace(PUSH.delivery, push_id=f"{room}-{index}", expires_at=datetime.now(UTC) + timedelta(days=1))
        push = replace(
            PUSH,
            delivery=delivery,
            channel_sid=room,
            message_sid=MessageSid(f"IM{room}{index}"),
            message_index=index,
        )
        job = claimed(0, Row(waiting.written(push), 0.0), JobKind.PUSH)
        await self.dispatch.settle(job, await self.dispatch.send(job, [push]))

    async def work(self, flood: asyncio.Task[None] | None = None) -> None:
        """As a worker does: whatever is due, all at once. Until nothing waits and `flood` is over."""
        while self.rows.rows or (flood is not None and not flood.done()):
            jobs = self.rows.due()
            outcomes = await asyncio.gather(*(Retries(self.desk).handle(job) for job in jobs))
            for job, outcome in zip(jobs, outcomes, strict=True):
                if isinstance(outcome, Later):
                    self.rows.rows[job.id].due_at = asyncio.get_running_loop().time() + outcome.after
                else:
                    del self.rows.rows[job.id]
            await asyncio.sleep(POLL)

    @property
    def took(self) -> list[str]:
        return [id_ for _, id_ in self.provider.took]

    @property
    def outcomes(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for sample in next(iter(self.metrics.push.collect())).samples:
            if sample.name.endswith("_total"):
                found[sample.labels["outcome"]] += int(sample.value)
        return found


async def test_of_a_flood_in_one_channel_the_newest_follows_the_burst() -> None:
    rig = Rig()
    for index in range(30):
        await rig.message(index)
    begun = asyncio.get_running_loop().time()
    assert rig.took == [f"{ROOM}-{index}" for index in range(BURST)]
    await rig.work()
    assert rig.took[BURST:] == [f"{ROOM}-29"]
    assert EVERY <= rig.provider.took[-1][0] - begun <= EVERY + 1
    assert rig.outcomes == {"sent": BURST + 1, "try_later": 10, "superseded": 9}


async def test_messages_of_other_channels_are_not_superseded() -> None:
    rig = Rig()
    for index in range(BURST):
        await rig.message(index)
    for room in (ROOM, OTHER_ROOM):
        for index in range(50, 53):
            await rig.message(index, room)
    await rig.work()
    assert sorted(rig.took[BURST:]) == [f"{ROOM}-52", f"{OTHER_ROOM}-52"]
    (first, _), (second, _) = rig.provider.took[BURST:]
    assert second - first >= EVERY - 0.001
    assert rig.outcomes["superseded"] == 4


async def test_a_lasting_flood_gets_one_push_every_three_seconds_and_its_last_message() -> None:
    rig = Rig()
    begun = asyncio.get_running_loop().time()

    async def flood() -> None:
        for index in range(120):
            await rig.message(index)
            await asyncio.sleep(0.5)

    await rig.work(asyncio.create_task(flood()))
    seconds = rig.provider.took[-1][0] - begun
    assert rig.took[-1] == f"{ROOM}-119"
    assert BURST + 15 <= len(rig.took) <= BURST + seconds / EVERY + 1
    assert rig.outcomes["superseded"] == 120 - len(rig.took)
    times = [moment for moment, _ in rig.provider.took]
    assert all(later - earlier <= 2 * EVERY for earlier, later in pairwise(times))
