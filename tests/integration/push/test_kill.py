"""Real worker processes with ten thousand devices: one that is killed, and two that share."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from chatcore.domain.devices import PushType
from chatcore.domain.model import NotificationSettings

from .crowds import added, plant
from .phones import Phones
from .process import Office, office
from .rig import eventually

DEVICES: Final = 10_000
PATIENCE: Final = 240.0
DRAIN: Final = 30.0
"""What `chatcore up` gives a worker before it kills it."""
IN_FLIGHT: Final = 500
"""CHAT_PUSH_CONCURRENCY."""
JUST_NOW: Final = 250
"""More than are accepted within 50 ms, which is how old a push may be that nobody knows of."""


@pytest.fixture
async def place(phones: Phones, database: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    async with office(phones, database, redis_url, tmp_path) as made:
        await plant(phones, made.credential, DEVICES, kind=PushType.APN)
        await phones.enable(added_to_channel=NotificationSettings(enabled=True))
        yield made


async def drained(place: Office, devices: int = DEVICES) -> None:
    await place.apns.until(lambda: len(place.told) == devices, PATIENCE)
    await eventually(place.empty)


@pytest.mark.parametrize(("jobs", "each"), [(DEVICES, 1), (4, 1_200)], ids=["ten thousand jobs", "large channels"])
async def test_a_worker_that_is_killed_under_load_leaves_nobody_without(place: Office, jobs: int, each: int) -> None:
    devices = jobs * each
    await added(place.phones, devices, each=each)
    async with place.started() as doomed:
        await place.apns.until(lambda: place.told.total() >= devices // 4, PATIENCE)
        doomed.send(signal.SIGKILL)
        await doomed.wait()
    await place.apns.until(lambda: not place.apns.open)  # what was on its way to the peer has arrived
    unfinished, held = await place.jobs(), await place.held()
    assert held, "it was in the midst of it"
    finished = devices - len(unfinished) * each
    unknown = place.told.total() - finished - await place.noted(held)
    assert 0 <= unknown <= IN_FLIGHT + JUST_NOW
    await place.let_leases_end()
    async with place.started():
        await drained(place, devices)
    assert place.doubles <= unknown, "only what nobody knew of is repeated"
    assert max(place.told.values()) <= 2


async def test_two_workers_tell_ten_thousand_devices_once(place: Office) -> None:
    await added(place.phones, DEVICES, each=50)
    async with place.started(), place.started():
        await drained(place)
    assert place.doubles == 0


@pytest.mark.parametrize("answers", [True, False], ids=["answers come", "no answers come"])
async def test_a_worker_that_is_asked_to_stop_gives_back_what_it_cannot_finish(place: Office, answers: bool) -> None:
    place.silent, size = not answers, 1_200
    await added(place.phones, size, each=size)
    async with place.started() as worker:
        await place.apns.until(lambda: place.told, PATIENCE)
        assert await worker.stop((signal.SIGTERM, DRAIN)) == 0
    (row,) = await place.phones.waiting("push")
    assert (row["claimed_by"], row["attempts"]) == (None, 0)
    assert row["due_at"] <= datetime.now(UTC)
    assert len(place.told) < size
    if answers:
        async with place.started():
            await eventually(place.empty, PATIENCE)
        assert (len(place.told), place.doubles) == (size, 0)
