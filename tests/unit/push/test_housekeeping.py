from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.telemetry import Metrics
from push.housekeeping import EXPIRE_SECONDS, PURGE_SECONDS, WATCH_SECONDS, Housekeeping, every


@dataclass(slots=True)
class Backlog:
    depth: int
    oldest: float


@dataclass(slots=True)
class House:
    backlog: dict[str, Backlog] = field(default_factory=dict)
    expired: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    async def prune_events(self, retention: timedelta, keep: int) -> int:
        self.calls.append(f"prune {retention.days} {keep}")
        return 0

    async def expire_jobs(self) -> Mapping[str, int]:
        self.calls.append("expire")
        return self.expired

    async def forget_dead_jobs(self) -> None:
        self.calls.append("forget")

    async def waiting(self) -> Mapping[str, Backlog]:
        self.calls.append("watch")
        return self.backlog

    async def purge(self) -> int:
        self.calls.append("purge")
        return 0


def keeping(house: House, metrics: Metrics) -> Housekeeping:
    return Housekeeping(house, metrics, retention=timedelta(days=7), keep=10)


async def test_everything_has_its_turn() -> None:
    house = House()
    task = asyncio.create_task(keeping(house, Metrics()).run())
    await asyncio.sleep(EXPIRE_SECONDS + 1)
    task.cancel()
    await asyncio.wait([task])
    assert house.calls.count("watch") == EXPIRE_SECONDS // WATCH_SECONDS + 1
    assert house.calls.count("purge") == EXPIRE_SECONDS // PURGE_SECONDS + 1
    assert (house.calls.count("expire"), house.calls.count("forget"), house.calls.count("prune 7 10")) == (2, 2, 1)


async def test_the_outbox_is_measured_and_kinds_once_seen_are_shown_as_empty() -> None:
    house, metrics = House({"webhook": Backlog(3, 1.5)}), Metrics()
    housekeeping = keeping(house, metrics)
    await housekeeping.watch()
    assert b'chat_outbox_depth{kind="webhook"} 3.0' in metrics.render()
    assert b'chat_outbox_oldest_seconds{kind="webhook"} 1.5' in metrics.render()
    house.backlog = {}
    await housekeeping.watch()
    assert b'chat_outbox_depth{kind="webhook"} 0.0' in metrics.render()


async def test_expired_jobs_are_counted_but_are_no_dead_letters() -> None:
    metrics = Metrics()
    await keeping(House(expired={"webhook": 2, "push": 3, "delivery": 1}), metrics).expire()
    text = metrics.render()
    assert b'chat_webhook_total{outcome="expired"} 2.0' in text
    assert b'chat_push_total{outcome="expired",provider="none"} 3.0' in text
    assert b"chat_outbox_dead_total{" not in text


@pytest.mark.parametrize("failure", [ChatError(Code.UNAVAILABLE, "away"), RuntimeError("a bug")])
async def test_a_step_that_fails_is_tried_again(failure: Exception) -> None:
    turns = 0

    async def step() -> None:
        nonlocal turns
        turns += 1
        raise failure

    task = asyncio.create_task(every(1.0, step))
    await asyncio.sleep(3.5)
    task.cancel()
    await asyncio.wait([task])
    assert turns == 4
