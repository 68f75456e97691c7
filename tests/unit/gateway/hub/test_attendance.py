from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Announcement, Signal, SignalType, profile_topic
from chatcore.domain.ids import Identity, ServiceSid, UserSid
from chatcore.ports.presence import Session
from gateway.hub.attendance import CHUNK, LIFE, MERGE, RENEWAL, RETRY, Attendance
from tests.support.virtual_time import LoopClock, settled, until

SERVICE, USER = ServiceSid("IS1"), UserSid("US1")
ALICE, BOB = Identity("alice"), Identity("bob")


def session(connection: str, identity: Identity = ALICE) -> Session:
    return Session(connection=connection, service_sid=SERVICE, identity=identity)


class FakePresence:
    """Answers at once, or when `gate` opens."""

    def __init__(self) -> None:
        self.entries: dict[str, Session] = {}
        self.away = False
        self.announced: list[int] = []
        self.left: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.while_leaving: Callable[[], None] = lambda: None

    async def _reach(self) -> None:
        await self.gate.wait()
        if self.away:
            raise ConnectionError("presence is away")

    def _count(self, session: Session) -> int:
        return sum(s.identity == session.identity for s in self.entries.values())

    async def enter(self, session: Session, *, limit: int = 0) -> int:
        await self._reach()
        if limit and self._count(session) >= limit:
            return limit + 1
        self.entries[session.connection] = session
        return self._count(session)

    async def leave(self, session: Session, *, goodbye: bool = False) -> int:
        await self._reach()
        self.left.append(session.connection)
        self.entries.pop(session.connection, None)
        self.while_leaving()
        return self._count(session)

    async def announce(self, sessions: Iterable[Session]) -> None:
        await self._reach()
        renewed = {s.connection: s for s in sessions}
        self.announced.append(len(renewed))
        self.entries |= renewed

    async def online(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Mapping[Identity, bool]:
        await self._reach()
        return {i: True for i in identities if any(s.identity == i for s in self.entries.values())}


class Publisher:
    def __init__(self) -> None:
        self.signals: list[Announcement] = []

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self.signals += announcements

    @property
    def told(self) -> list[tuple[str, bool]]:
        payloads = [json.loads(signal.payload) for signal in self.signals]
        return [(p["identity"], p["is_online"]) for p in payloads]


class Scene:
    def __init__(self) -> None:
        self.presence = FakePresence()
        self.publisher = Publisher()
        self.attendance = Attendance(self.presence, self.publisher, LoopClock())

    async def enter(self, connection: str, identity: Identity = ALICE, *, limit: int = 20) -> bool:
        return await self.attendance.enter(session(connection, identity), USER, limit=limit, reachability=True)

    def leave(self, connection: str, identity: Identity = ALICE) -> None:
        self.attendance.leave(session(connection, identity), USER, reachability=True)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    task = asyncio.create_task(made.attendance.run())
    yield made
    assert not task.done()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_the_first_connection_makes_online_and_the_last_one_offline(scene: Scene) -> None:
    assert await scene.enter("a")
    assert await scene.enter("b")
    assert scene.publisher.told == [("alice", True)]
    scene.leave("a")
    await settled()
    assert scene.publisher.told == [("alice", True)]
    scene.leave("b")
    await until(lambda: scene.publisher.told == [("alice", True), ("alice", False)])
    assert scene.presence.entries == {}


async def test_reachability_is_a_signal_for_those_who_watch_the_user(scene: Scene) -> None:
    await scene.enter("a")
    (signal,) = scene.publisher.signals
    assert isinstance(signal, Signal)
    assert (signal.topic, signal.type, signal.subject) == (profile_topic(USER), SignalType.USER_REACHABILITY, USER)
    payload = json.loads(signal.payload)
    del payload["at"]
    assert payload == {
        "type": "user.reachability",
        "by": None,
        "identity": "alice",
        "is_online": True,
        "is_notifiable": None,
    }


async def test_where_reachability_is_off_nothing_is_told(scene: Scene) -> None:
    await scene.attendance.enter(session("a"), USER, limit=20, reachability=False)
    scene.attendance.leave(session("a"), USER, reachability=False)
    await until(lambda: not scene.presence.entries)
    assert scene.publisher.signals == []


async def test_the_connection_over_the_limit_is_refused_and_leaves_no_trace(scene: Scene) -> None:
    assert [await scene.enter(str(number), limit=3) for number in range(5)] == [True, True, True, False, False]
    await until(lambda: len(scene.presence.entries) == 3)
    assert set(scene.presence.entries) == {"0", "1", "2"}
    assert scene.publisher.told == [("alice", True)]


async def test_other_identities_do_not_count(scene: Scene) -> None:
    assert await scene.enter("a", limit=1)
    assert await scene.enter("b", BOB, limit=1)


async def test_while_presence_is_away_this_nodes_connections_are_counted(scene: Scene) -> None:
    scene.presence.away = True
    assert [await scene.enter(str(number), limit=2) for number in range(3)] == [True, True, False]
    assert await scene.enter("b", BOB, limit=2)


async def test_entries_are_renewed(scene: Scene) -> None:
    for name in ("a", "b"):
        await scene.enter(name)
    await asyncio.sleep(3.5 * RENEWAL)
    assert scene.presence.announced == [2, 2, 2]


async def test_renewals_go_on_when_connections_come_and_go_all_the_time(scene: Scene) -> None:
    await scene.enter("stays")
    for number in range(int(4 * RENEWAL)):
        await scene.enter(str(number))
        await asyncio.sleep(1.0)
        scene.leave(str(number))
    assert len(scene.presence.announced) >= 3


async def test_who_left_is_not_renewed(scene: Scene) -> None:
    await scene.enter("a")
    scene.leave("a")
    await asyncio.sleep(2.5 * RENEWAL)
    assert sum(scene.presence.announced) == 0
    assert scene.presence.entries == {}


async def test_many_are_renewed_in_chunks(scene: Scene) -> None:
    for number in range(CHUNK + 1):
        await scene.attendance.enter(session(str(number)), USER, limit=10_000, reachability=False)
    scene.attendance.announce()
    await settled()
    assert scene.presence.announced == [CHUNK, 1]


async def test_when_presence_lost_its_memory_everybody_is_announced_again(scene: Scene) -> None:
    await scene.enter("a")
    scene.presence.entries.clear()
    scene.attendance.announce()
    await settled()
    assert set(scene.presence.entries) == {"a"}


async def test_who_entered_while_presence_was_away_is_announced_when_it_is_back(scene: Scene) -> None:
    scene.presence.away = True
    await scene.enter("a")
    scene.attendance.announce()
    await settled()
    scene.presence.away = False
    await until(lambda: "a" in scene.presence.entries, 2 * RENEWAL)


async def test_nobody_is_forgotten_who_leaves_while_another_is_withdrawn(scene: Scene) -> None:
    for name in ("a", "b"):
        await scene.enter(name, Identity(name))

    def meanwhile() -> None:
        scene.presence.while_leaving = lambda: None
        scene.leave("b", Identity("b"))

    scene.presence.while_leaving = meanwhile
    scene.leave("a", Identity("a"))
    await asyncio.sleep(1.0)
    assert scene.presence.left == ["a", "b"]
    assert scene.publisher.told[2:] == [("a", False), ("b", False)]


async def test_who_leaves_while_it_enters_is_gone(scene: Scene) -> None:
    scene.presence.gate.clear()
    entering = asyncio.create_task(scene.enter("a"))
    await settled()
    entering.cancel()
    scene.presence.gate.set()
    await asyncio.wait([entering])
    await asyncio.sleep(2 * RENEWAL)
    assert sum(scene.presence.announced) == 0


async def test_who_leaves_while_presence_is_away_is_withdrawn_when_it_is_back(scene: Scene) -> None:
    """Entries of connections that are over would count against the limit of their identity."""
    for name in ("a", "b"):
        await scene.enter(name)
    scene.presence.away = True
    scene.leave("a")
    await settled()
    scene.leave("b")
    await settled()
    scene.presence.away = False
    await until(lambda: not scene.presence.entries, 2 * RETRY)


async def test_it_does_not_wait_for_ever(scene: Scene) -> None:
    """The entry has expired by then."""
    await scene.enter("a")
    scene.presence.away = True
    scene.leave("a")
    await asyncio.sleep(2 * LIFE)
    scene.presence.away = False
    await asyncio.sleep(2 * RETRY)
    assert scene.presence.left == []


async def test_who_gave_up_while_it_entered_is_withdrawn(scene: Scene) -> None:
    scene.presence.gate.clear()
    entering = asyncio.create_task(scene.enter("a"))
    await settled()
    entering.cancel()
    await asyncio.wait([entering])
    scene.presence.entries["a"] = session("a")  # the server had got the command
    scene.presence.gate.set()
    await until(lambda: not scene.presence.entries)


async def test_leaving_twice_is_leaving_once(scene: Scene) -> None:
    await scene.enter("a")
    scene.leave("a")
    scene.leave("a")
    await settled()
    assert scene.presence.left == ["a"]


async def test_who_is_online_is_unknown_while_presence_is_away(scene: Scene) -> None:
    await scene.enter("a")
    assert await scene.attendance.online(SERVICE, [ALICE, BOB]) == {ALICE: True, BOB: False}
    scene.presence.away = True
    assert await scene.attendance.online(SERVICE, [ALICE, BOB]) == {ALICE: None, BOB: None}


async def test_at_the_end_everybody_is_withdrawn_who_is_here_or_about_to_go(scene: Scene) -> None:
    for name in ("a", "b", "c"):
        await scene.enter(name)
    scene.presence.gate.clear()
    scene.leave("c")
    ending = asyncio.create_task(scene.attendance.withdraw_all())
    scene.presence.gate.set()
    await ending
    await settled()
    assert scene.presence.entries == {}


async def test_after_its_task_has_ended_leavers_are_withdrawn_at_the_end() -> None:
    scene = Scene()
    await scene.enter("a")
    scene.leave("a")
    await scene.attendance.withdraw_all()
    assert scene.presence.entries == {}


async def test_the_end_does_not_wait_for_a_presence_that_is_away() -> None:
    scene = Scene()
    for name in ("a", "b"):
        await scene.enter(name)
    scene.presence.away = True
    await scene.attendance.withdraw_all()


# Who wants to be told of changes.


class Targets:
    def __init__(self) -> None:
        self.told: list[tuple[ServiceSid, dict[Identity, bool]]] = []
        self.failure: Exception | None = None

    async def __call__(self, service_sid: ServiceSid, online: Mapping[Identity, bool]) -> None:
        if self.failure is not None:
            raise self.failure
        self.told.append((service_sid, dict(online)))


@contextlib.asynccontextmanager
async def telling() -> AsyncIterator[tuple[Scene, Targets]]:
    scene, targets = Scene(), Targets()
    scene.attendance = Attendance(scene.presence, scene.publisher, LoopClock(), changed=targets)
    tasks = [asyncio.create_task(work) for work in (scene.attendance.run(), scene.attendance.tell())]
    yield scene, targets
    assert not any(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_changes_of_a_second_are_told_together() -> None:
    async with telling() as (scene, targets):
        await scene.enter("a")
        await scene.enter("b", BOB)
        scene.leave("b", BOB)
        await settled()
        assert targets.told == []
        await asyncio.sleep(MERGE * 1.1)
        assert targets.told == [(SERVICE, {ALICE: True, BOB: False})]
        await asyncio.sleep(10 * MERGE)
        scene.leave("a")
        await until(lambda: targets.told[1:] == [(SERVICE, {ALICE: False})])


async def test_services_are_told_apart() -> None:
    async with telling() as (scene, targets):
        other = Session(connection="c", service_sid=ServiceSid("IS2"), identity=ALICE)
        await scene.enter("a")
        await scene.attendance.enter(other, USER, limit=20, reachability=True)
        scene.attendance.leave(session("a"), USER, reachability=False)
        await until(lambda: len(targets.told) >= 1)
        assert dict(targets.told)[SERVICE] == {ALICE: True}


async def test_where_reachability_is_off_no_change_is_told() -> None:
    async with telling() as (scene, targets):
        await scene.attendance.enter(session("a"), USER, limit=20, reachability=False)
        scene.attendance.leave(session("a"), USER, reachability=False)
        await asyncio.sleep(10 * MERGE)
        assert targets.told == []


@pytest.mark.parametrize("failure", [ChatError(Code.UNAVAILABLE, "away"), RuntimeError("a bug")])
async def test_a_change_that_cannot_be_told_is_lost_alone(failure: Exception) -> None:
    async with telling() as (scene, targets):
        targets.failure = failure
        await scene.enter("a")
        await asyncio.sleep(2 * MERGE)
        targets.failure = None
        await scene.enter("b", BOB)
        await until(lambda: targets.told == [(SERVICE, {BOB: True})])


async def test_without_anybody_to_tell_there_is_nothing_to_do() -> None:
    await Scene().attendance.tell()
