"""Connections that fail, and peers that are narrow, slow or silent: what is sent, what is lost, what is sent twice."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import pytest
from h2.settings import SettingCodes

from push.providers.apns import Apns
from push.providers.outcomes import Outcome, Rejected, Sent, TokenGone, TryLater
from tests.support.apns_peer import said
from tests.support.http2_peer import Cut, GoAway, Heard, Reaction, Reply, Reset, Silence

from .rig import AppleRig, delivery

MANY = 200
REFUSED_STREAM = 7


async def send(provider: Apns, rig: AppleRig, count: int) -> list[Outcome]:
    return await asyncio.gather(*(provider.send(delivery(number), rig.credential) for number in range(count)))


def accepted(rig: AppleRig) -> Counter[str]:
    """How often the peer took each push."""
    return Counter(heard.headers["apns-id"] for heard in rig.peer.heard)


def all_sent(outcomes: Iterable[Outcome]) -> bool:
    return all(isinstance(outcome, Sent) for outcome in outcomes)


def nth(number: int, reaction: Reaction, *, otherwise: Reaction = Reply()) -> Callable[[Heard], Reaction]:  # noqa: B008
    """`reaction` for one request, counted from 1."""
    seen = iter(range(1, 1_000_000))
    return lambda _: reaction if next(seen) == number else otherwise


async def retried(provider: Apns, rig: AppleRig, outcomes: list[Outcome]) -> list[Outcome]:
    """As the worker does it, without the wait."""
    again = [number for number, outcome in enumerate(outcomes) if isinstance(outcome, TryLater)]
    fresh = await asyncio.gather(*(provider.send(delivery(number), rig.credential) for number in again))
    return [dict(zip(again, fresh, strict=True)).get(number, outcome) for number, outcome in enumerate(outcomes)]


@pytest.mark.parametrize("closes", [True, False], ids=["closes", "stays"])
async def test_goaway_loses_nothing_and_repeats_nothing(apns: AppleRig, closes: bool) -> None:
    apns.peer.react = nth(50, GoAway(answer=Reply(200, b"", {"apns-id": "x"})))
    async with apns.provider(connections=1) as provider:
        outcomes = await send(provider, apns, MANY)
        assert all_sent(outcomes)
        if closes:
            await apns.peer.until(lambda: apns.peer.connections[0].transport is None)
        assert apns.peer.open == 1
    assert set(accepted(apns).values()) == {1}
    assert len(accepted(apns)) == MANY
    assert apns.counting.goaways == 1


async def test_goaway_of_nothing_sends_everything_again(apns: AppleRig) -> None:
    apns.peer.react = nth(1, GoAway(last=0))
    async with apns.provider(connections=1) as provider:
        outcomes = await send(provider, apns, MANY)
    assert all_sent(outcomes)
    assert len(accepted(apns)) == MANY
    assert sum(accepted(apns).values()) <= MANY + 1


async def test_refused_streams_are_sent_again_at_once(apns: AppleRig) -> None:
    apns.peer.react = nth(1, Reset(REFUSED_STREAM))
    async with apns.provider() as provider:
        assert isinstance(await provider.send(delivery(), apns.credential), Sent)
    assert [heard.connection for heard in apns.peer.heard] == [0, 1]


async def test_streams_refused_for_ever_are_put_off(apns: AppleRig) -> None:
    apns.peer.answers(Reset(REFUSED_STREAM))
    async with apns.provider() as provider:
        outcome = await provider.send(delivery(), apns.credential)
    assert isinstance(outcome, TryLater)
    assert not outcome.maybe_sent
    assert len(apns.peer.heard) == 4


async def test_other_resets_leave_the_fate_open(apns: AppleRig) -> None:
    apns.peer.answers(Reset(2))
    async with apns.provider() as provider:
        outcome = await provider.send(delivery(), apns.credential)
    assert isinstance(outcome, TryLater)
    assert outcome.maybe_sent
    assert outcome.after == 5
    assert len(apns.peer.heard) == 1


@pytest.mark.parametrize("taken", [0, 30], ids=["before", "after"])
async def test_a_cut_loses_nothing_and_repeats_only_what_was_under_way(apns: AppleRig, taken: int) -> None:
    apns.peer.react = nth(taken + 1, Cut())
    async with apns.provider(connections=1) as provider:
        outcomes = await send(provider, apns, MANY)
        open_fate = [outcome for outcome in outcomes if isinstance(outcome, TryLater)]
        assert open_fate
        assert all(outcome.maybe_sent for outcome in open_fate)
        assert all_sent(await retried(provider, apns, outcomes))
    assert len(accepted(apns)) == MANY
    assert sum(accepted(apns).values()) - MANY <= len(open_fate)


async def test_a_silent_peer_costs_no_more_than_the_timeout(apns: AppleRig) -> None:
    apns.peer.react = lambda heard: Silence() if heard.path.endswith("3") else Reply()
    begun = time.monotonic()
    async with apns.provider(timeout=0.3) as provider:
        outcomes = await send(provider, apns, 32)
    assert time.monotonic() - begun < 20  # what it would be given without a time-out of its own
    silent = [outcome for number, outcome in enumerate(outcomes) if number % 16 == 3]
    assert all(isinstance(outcome, TryLater) and outcome.maybe_sent for outcome in silent)
    assert all_sent(outcome for number, outcome in enumerate(outcomes) if number % 16 != 3)


async def test_a_caller_that_gives_up_frees_its_stream(apns: AppleRig) -> None:
    apns.peer.settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 1
    apns.peer.react = nth(1, Silence())
    async with apns.provider() as provider:
        task = asyncio.create_task(provider.send(delivery(0), apns.credential))
        await apns.peer.until(lambda: apns.peer.heard)
        task.cancel()
        await asyncio.wait([task])
        assert isinstance(await provider.send(delivery(1), apns.credential), Sent)


async def _nothing(_: AppleRig) -> None: ...


async def _one_then_many(rig: AppleRig) -> None:
    await rig.peer.until(lambda: len(rig.peer.heard) > 5)
    rig.peer.connections[0].change(MAX_CONCURRENT_STREAMS=100)


async def _many_then_one(rig: AppleRig) -> None:
    await rig.peer.until(lambda: len(rig.peer.heard) > 5)
    rig.peer.connections[0].change(MAX_CONCURRENT_STREAMS=1)


@pytest.mark.parametrize(
    ("settings", "meanwhile"),
    [
        ({SettingCodes.MAX_CONCURRENT_STREAMS: 1}, _nothing),
        ({SettingCodes.MAX_CONCURRENT_STREAMS: 1}, _one_then_many),
        ({SettingCodes.MAX_CONCURRENT_STREAMS: 50}, _many_then_one),
        ({SettingCodes.INITIAL_WINDOW_SIZE: 40}, _nothing),
        ({SettingCodes.HEADER_TABLE_SIZE: 0}, _nothing),
        ({SettingCodes.HEADER_TABLE_SIZE: 300}, _nothing),
        ({SettingCodes.MAX_FRAME_SIZE: 2**20}, _nothing),
    ],
    ids=["one stream", "then more", "then one", "window of 40 bytes", "no table", "small table", "long frames"],
)
async def test_narrow_peers_are_served(
    apns: AppleRig, settings: dict[SettingCodes, int], meanwhile: Callable[[AppleRig], Coroutine[Any, Any, None]]
) -> None:
    apns.peer.settings.update(settings)
    async with apns.provider(connections=1) as provider, asyncio.TaskGroup() as tasks:
        tasks.create_task(meanwhile(apns))
        assert all_sent(await send(provider, apns, 60))
    assert not apns.peer.faults
    limit = settings.get(SettingCodes.MAX_CONCURRENT_STREAMS)
    if limit == 1 and meanwhile is _nothing:
        assert apns.peer.most_streams == 1


async def test_windows_that_open_late_are_waited_for(apns: AppleRig) -> None:
    apns.peer.credit = False  # room for 65,535 bytes in all
    body = {"aps": {"alert": {"body": "x" * 3000}}}
    async with apns.provider(connections=1) as provider, asyncio.TaskGroup() as tasks:
        sends = [
            tasks.create_task(provider.send(delivery(number, payload=body), apns.credential)) for number in range(40)
        ]
        await apns.peer.until(lambda: len(apns.peer.heard) >= 21)
        await asyncio.wait(sends, timeout=0.2)
        assert sum(task.done() for task in sends) <= 21
        apns.peer.connections[0].give_credit(200_000)
    assert all_sent(task.result() for task in sends)


async def test_a_window_that_never_opens_was_not_sent(apns: AppleRig) -> None:
    apns.peer.credit = False
    body = {"aps": {"alert": {"body": "x" * 3000}}}
    async with apns.provider(connections=1, timeout=0.5) as provider:
        outcomes = await asyncio.gather(
            *(provider.send(delivery(number, payload=body), apns.credential) for number in range(40))
        )
    late = [outcome for outcome in outcomes if not isinstance(outcome, Sent)]
    assert len(late) == 19
    assert all(isinstance(outcome, TryLater) and not outcome.maybe_sent for outcome in late)


async def test_thousands_of_errors_stall_nothing(apns: AppleRig) -> None:
    error = said(400, "BadDeviceToken", filler="x" * 300)
    apns.peer.react = lambda _: error
    async with apns.provider(connections=1) as provider:
        for _ in range(10):
            outcomes = await send(provider, apns, 500)
            assert outcomes == [TokenGone(reason="BadDeviceToken", doubtful=True)] * 500
        apns.peer.react = lambda _: Reply(418)
        assert await provider.send(delivery(), apns.credential) == Rejected("418")
    assert len(apns.peer.connections) == 1


async def test_more_connections_open_only_when_all_are_full(apns: AppleRig) -> None:
    gate = asyncio.Event()
    apns.peer.settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 60
    async with apns.provider(connections=2) as provider, asyncio.TaskGroup() as tasks:
        tasks.create_task(send(provider, apns, 90))
        await apns.peer.until(lambda: len(apns.peer.heard) == 90)
        assert len(apns.peer.connections) == 1
        sends = tasks.create_task(send(provider, apns, 400))
        gate.set()
        assert all_sent(await sends)
    assert len(apns.peer.connections) == 2


async def test_repetitions_carry_the_same_id_and_may_be_under_way_together(apns: AppleRig) -> None:
    async with apns.provider() as provider:
        outcomes = await asyncio.gather(*(provider.send(delivery(4), apns.credential) for _ in range(5)))
    assert all_sent(outcomes)
    assert list(accepted(apns).values()) == [5]
