from __future__ import annotations

import asyncio
import contextlib
import itertools
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import KeySid, ServiceSid, UserSid
from chatcore.ports.standing import Gone
from gateway.hub.standing import CROWD, ROUND, SLICE, Lost, Standing
from tests.support.patience import PATIENCE

from .facts import Facts

KEY, SERVICE = KeySid("SK1"), ServiceSid("IS1")


class Connection:
    """A holder that keeps what it was told."""

    def __init__(self, user: str, *, key: str = KEY, service: str = SERVICE, broken: bool = False) -> None:
        self.key_sid, self.service_sid, self.user_sid = KeySid(key), ServiceSid(service), UserSid(user)
        self.told: list[tuple[Lost, float]] = []
        self._broken = broken

    @property
    def why(self) -> list[Lost]:
        return [why for why, _ in self.told]

    def lost(self, why: Lost) -> None:
        self.told.append((why, asyncio.get_running_loop().time()))
        if self._broken:
            raise RuntimeError("it must not do that")


class Node:
    def __init__(self) -> None:
        self.facts = Facts()
        self.standing = Standing(self.facts)

    def holders(self, *holders: Connection) -> list[Connection]:
        for holder in holders:
            self.standing.enter(holder)
        return list(holders)


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    made = Node()
    task = asyncio.create_task(made.standing.run())
    yield made
    assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("gone", "why"),
    [
        (Gone(keys={KEY}), Lost.KEY_REVOKED),
        (Gone(suspended={KEY}), Lost.ACCOUNT_SUSPENDED),
        (Gone(services={SERVICE}), Lost.SERVICE_DELETED),
        (Gone(users={UserSid("US1")}), Lost.USER_DELETED),
        (
            Gone(keys={KEY}, suspended={KEY}, services={SERVICE}, users={UserSid("US1")}),
            Lost.KEY_REVOKED,
        ),
    ],
)
async def test_who_rests_on_something_gone_is_told_why_within_a_second(node: Node, gone: Gone, why: Lost) -> None:
    lost, other = node.holders(Connection("US1"), Connection("US2", key="SK2", service="IS2"))
    await asyncio.sleep(3.3)
    assert lost.told == []
    node.facts.gone_now = gone
    since = asyncio.get_running_loop().time()
    await asyncio.sleep(5)
    ((told, at),) = lost.told
    assert (told, other.told) == (why, [])
    assert at - since <= ROUND


async def test_every_device_of_a_user_is_told_and_those_who_left_are_not(node: Node) -> None:
    phone, laptop, old = node.holders(*(Connection("US1") for _ in range(3)))
    node.standing.leave(old)
    node.facts.gone_now = Gone(users={UserSid("US1")})
    await asyncio.sleep(2)
    assert (phone.why, laptop.why, old.why) == ([Lost.USER_DELETED], [Lost.USER_DELETED], [])


async def test_who_leaves_while_the_database_answers_is_not_told(node: Node) -> None:
    phone, laptop = node.holders(Connection("US1"), Connection("US1"))
    node.facts.gone_now = Gone(keys={KEY})
    node.facts.while_reading = lambda: node.standing.leave(phone)
    await asyncio.sleep(2)
    assert (phone.why, laptop.why) == ([], [Lost.KEY_REVOKED])


async def test_strangers_may_leave_and_entering_twice_counts_once(node: Node) -> None:
    (alice,) = node.holders(Connection("US1"))
    node.standing.leave(Connection("US1"))
    node.standing.leave(Connection("US2"))
    node.standing.enter(alice)
    node.facts.gone_now = Gone(users={UserSid("US1")})
    await asyncio.sleep(3)
    assert alice.why == [Lost.USER_DELETED]
    node.standing.leave(alice)


async def test_a_key_that_changed_is_the_one_that_counts(node: Node) -> None:
    (alice,) = node.holders(Connection("US1"))
    await asyncio.sleep(2)
    alice.key_sid = KeySid("SK2")
    node.facts.gone_now = Gone(keys={KEY})
    await asyncio.sleep(2)
    assert alice.why == []
    assert node.facts.asked[-1][0] == {"SK2"}


async def test_each_thing_is_asked_about_once_and_nothing_for_nobody(node: Node) -> None:
    await asyncio.sleep(3)
    assert node.facts.asked == []
    holders = node.holders(*(Connection("US1") for _ in range(3)), Connection("US2"))
    await asyncio.sleep(ROUND)
    assert node.facts.asked == [({KEY}, {SERVICE}, ["US1", "US2"])]
    for holder in holders:
        node.standing.leave(holder)
    await asyncio.sleep(3)
    assert len(node.facts.asked) == 1


async def test_many_users_are_asked_about_in_slices_over_the_second(node: Node) -> None:
    times: list[float] = []
    node.facts.while_reading = lambda: times.append(asyncio.get_running_loop().time())
    holders = node.holders(*(Connection(f"US{n}") for n in range(4 * SLICE)))
    await asyncio.sleep(1.1)
    node.facts.asked.clear()
    await asyncio.sleep(5)
    assert max(len(users) for _, _, users in node.facts.asked) == SLICE
    seen = [user for _, _, users in node.facts.asked[:4] for user in users]
    assert sorted(seen) == sorted(holder.user_sid for holder in holders)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert max(gaps) == pytest.approx(ROUND / 4, abs=0.05)


async def test_while_the_database_is_away_nobody_loses_anything(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    (alice,) = node.holders(Connection("US1"))
    node.facts.gone_now = Gone(users={UserSid("US1")})
    node.facts.failure = ChatError(Code.UNAVAILABLE, "the database is away")
    await asyncio.sleep(10)
    assert alice.why == []
    assert caplog.text.count("Standing is unknown") == 1
    node.facts.failure = None
    await asyncio.sleep(ROUND)
    assert alice.why == [Lost.USER_DELETED]


async def test_a_mistake_is_logged_and_the_watch_goes_on(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    broken, alice = node.holders(Connection("US1", broken=True), Connection("US2"))
    node.facts.failure = RuntimeError("unexpected")
    await asyncio.sleep(2)
    assert "Standing could not be checked" in caplog.text
    node.facts.failure = None
    node.facts.gone_now = Gone(services={SERVICE})
    await asyncio.sleep(3)
    assert (broken.why, alice.why) == ([Lost.SERVICE_DELETED], [Lost.SERVICE_DELETED])


async def test_others_get_their_turn_while_a_crowd_is_told(node: Node) -> None:
    holders = node.holders(*(Connection("US1") for _ in range(5 * CROWD)))
    node.facts.gone_now = Gone(services={SERVICE})
    told: list[int] = []

    async def look() -> None:
        while not all(holder.told for holder in holders):
            told.append(sum(bool(holder.told) for holder in holders))
            await asyncio.sleep(0 if any(holder.told for holder in holders) else 0.01)

    async with asyncio.timeout(PATIENCE):
        await look()
    assert max(after - before for before, after in itertools.pairwise(told)) <= CROWD


async def test_a_holder_costs_little_memory() -> None:
    standing = Standing(Facts())
    holders = [Connection(f"US{n:032}") for n in range(10_000)]
    tracemalloc.start()
    try:
        for holder in holders:
            standing.enter(holder)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used / len(holders) < 250
