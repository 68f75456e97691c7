"""Rows that cannot be worked on: they end as dead letters with a reason, and hold up nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from chatcore.domain.jobs import JobKind
from chatcore.domain.model import Actor, Channel
from chatcore.store.outbox import STRANGE, Queue
from push import retry
from push.providers.outcomes import TryLater

from .phones import ON, Phones
from .rig import eventually

LAST = retry.ATTEMPTS - 1
EVENT = {"event": "new_message", "event_id": "x", "channel_sid": "CH1", "message_sid": "IM1", "message_index": 0}
ADDED = {"event": "added_to_channel", "event_id": "x", "channel_sid": "CH1", "identities": ["bob"]}


class Scene:
    def __init__(self, phones: Phones, alice: Actor, channel: Channel) -> None:
        self.phones, self.alice, self.channel = phones, alice, channel

    async def put(self, kind: str, job: object, *, attempts: int = LAST, progress: object = None) -> None:
        await self.phones.world.pool.execute(
            "INSERT INTO outbox (kind, service_sid, job, progress, expires_at, attempts)"
            " VALUES ($1, $2, $3::text::jsonb, $4::text::jsonb, now() + interval '1 day', $5)",
            *(kind, self.phones.world.service.sid, json.dumps(job), json.dumps(progress or {}), attempts),
        )

    async def still_sends(self) -> None:
        """A message written after it reaches its device."""
        before = len(self.phones.sender.sent)
        await self.phones.world.send(self.channel, by=self.alice)
        await self.phones.drain()
        assert len(self.phones.sender.sent) == before + 1

    async def reasons(self) -> list[str]:
        rows = await self.phones.world.pool.fetch("SELECT reason FROM outbox_dead ORDER BY id")
        return [row["reason"] for row in rows]


@pytest.fixture
async def scene(phones: Phones) -> Scene:
    world = phones.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    await phones.enable(new_message=ON, added_to_channel=ON)
    await phones.device(bob)
    return Scene(phones, alice, channel)


def without(job: Mapping[str, Any], name: str) -> dict[str, Any]:  # Any: JSON
    return {key: value for key, value in job.items() if key != name}


@pytest.mark.parametrize("kind", ["push", "recheck"])
@pytest.mark.parametrize(
    ("job", "reason"),
    [
        ("text", "TypeError"),
        ([EVENT], "TypeError"),
        (None, "TypeError"),
        (7, "TypeError"),
        ({}, "KeyError: 'event'"),
        ({**EVENT, "event": "eclipse"}, "ValueError: 'eclipse'"),
        ({**EVENT, "event": None}, "ValueError: None"),
        (without(EVENT, "event_id"), "KeyError: 'event_id'"),
        (without(EVENT, "channel_sid"), "KeyError: 'channel_sid'"),
        (without(EVENT, "message_sid"), "TypeError"),
        (without(EVENT, "message_index"), "TypeError"),
        (without(ADDED, "identities"), "TypeError"),
        ({**EVENT, "event_id": 5}, "TypeError"),
        ({**EVENT, "channel_sid": ["CH1"]}, "TypeError"),
        ({**EVENT, "message_index": "0"}, "TypeError"),
        ({**EVENT, "by": {}}, "TypeError"),
        ({**EVENT, "channel_friendly_name": 1.5}, "TypeError"),
        ({**EVENT, "at": "noon"}, "ValueError"),
        ({**EVENT, "at": "2026-05-18T00:00:00"}, "ValueError"),
        ({**ADDED, "identities": "bob"}, "TypeError"),
        ({**ADDED, "identities": [1]}, "TypeError"),
    ],
)
async def test_a_job_that_cannot_be_read(scene: Scene, kind: str, job: object, reason: str) -> None:
    await scene.put(kind, job)
    await scene.still_sends()
    (said,) = await scene.reasons()
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("job", "reason"),
    [("text", "TypeError"), (None, "TypeError"), ({}, "KeyError: 'user_sid'"), ({"user_sid": 7}, "TypeError")],
)
async def test_a_number_for_nobody(scene: Scene, job: object, reason: str) -> None:
    await scene.put("badge", job)
    await scene.still_sends()
    (said,) = await scene.reasons()
    assert said.startswith(reason)


@pytest.mark.parametrize("change", [{"payload": "x"}, {"kind": "pager"}, {"attempts": "1"}, {"expires_at": None}, "x"])
async def test_a_push_that_waits_and_cannot_be_read(scene: Scene, change: object) -> None:
    scene.phones.sender.react = lambda _: TryLater(reason="503", after=600)
    await scene.phones.world.send(scene.channel, by=scene.alice)
    await scene.phones.drain()
    (row,) = await scene.phones.waiting("push_retry")
    await scene.put("push_retry", {**row["job"], **change} if isinstance(change, dict) else change)
    scene.phones.sender.react = type(scene.phones.sender)().react
    await scene.still_sends()
    (said,) = await scene.reasons()
    assert said.startswith(("TypeError", "ValueError"))
    assert len(await scene.phones.waiting("push_retry")) == 1, "the others wait as before"


@pytest.mark.parametrize("progress", [[1], "x"])
async def test_progress_that_makes_no_sense(scene: Scene, progress: object) -> None:
    await scene.put("push", ADDED, progress=progress)
    await scene.still_sends()
    (said,) = await scene.reasons()
    assert said.startswith("AttributeError")


async def test_json_that_is_too_deep_to_read_hides_none_of_its_claim(scene: Scene) -> None:
    deep = "[" * 3000 + "]" * 3000
    await scene.phones.world.pool.execute(
        "INSERT INTO outbox (kind, service_sid, job, expires_at, attempts)"
        " VALUES ('push', $1, $2::text::jsonb, now() + interval '1 day', $3)",
        *(scene.phones.world.service.sid, f'{{"event": {deep}}}', LAST),
    )
    await scene.still_sends()
    (said,) = await scene.reasons()
    assert said == "KeyError: 'event'"


async def test_a_job_whose_handling_fails_has_five_attempts_while_others_go_on(scene: Scene) -> None:
    await scene.put("push", {}, attempts=0)
    for attempt in range(1, retry.ATTEMPTS):
        await scene.phones.hurry("push")
        await scene.still_sends()
        (row,) = await scene.phones.waiting("push")
        assert (row["attempts"], row["last_error"]) == (attempt, "KeyError: 'event'")
    await scene.phones.hurry("push")
    await scene.still_sends()
    assert await scene.phones.waiting("push") == []
    assert await scene.reasons() == ["KeyError: 'event'"]


async def test_a_job_that_kills_its_workers_has_five_attempts_too(scene: Scene) -> None:
    await scene.put("push", EVENT, attempts=0)
    for number in range(retry.ATTEMPTS):
        assert (await Queue(scene.phones.world.pool, f"doomed {number}").claim(JobKind.PUSH, 1)).jobs
        await scene.phones.hurry("push")
    await scene.still_sends()
    assert await scene.reasons() == [f"claimed {retry.ATTEMPTS + 1} times without coming to an end"]


async def test_a_kind_that_nobody_knows(scene: Scene) -> None:
    pool = scene.phones.world.pool
    await scene.put("pager", {})
    await scene.put("fax", {})
    await pool.execute("UPDATE outbox SET due_at = now() - 2 * $1::interval WHERE kind = 'pager'", STRANGE)
    async with scene.phones.working():
        await eventually(scene.reasons)
    assert await scene.reasons() == ["no worker knows this kind of job"]
    assert [row["kind"] for row in await pool.fetch("SELECT kind FROM outbox_dead")] == ["pager"]
    assert len(await scene.phones.waiting("fax")) == 1, "a worker of another version may know it"
