"""Whatever the broker loses, repeats and reorders: every reader has exactly what was committed since it came."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from chatcore.domain.events import Announcement, Event
from gateway.hub.relay import CHECK_AGES, TICK
from tests.support.virtual_time import VirtualLoop, settled

from .fakes import AWAY, ROOM, FakeReader, Node, signal


class Streams(RuleBasedStateMachine):
    """One room of one node; `flying` are announcements that the broker has and may deliver at any time, more than
    once, or never."""

    flying = Bundle("flying")
    readers = Bundle("readers")

    def __init__(self) -> None:
        super().__init__()
        self.loop = VirtualLoop()
        self.present: dict[FakeReader, int] = {}  # and the offset at which each attached
        self.loop.run_until_complete(self._start())

    async def _start(self) -> None:
        self.node = Node()
        self.node.log.make(ROOM)
        self.relay = asyncio.create_task(self.node.relay.run())

    def _pass(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))

    def _hear(self, announcement: Announcement) -> None:
        async def hear() -> None:
            self.node.hear(announcement)

        self.loop.run_until_complete(hear())

    @rule(target=flying, count=st.integers(1, 4))
    def commit(self, count: int) -> object:
        return multiple(*self.node.log.append(count=count))

    @rule(count=st.sampled_from([1, 2, 3, 301, 700]))
    def commit_and_lose(self, count: int) -> None:
        self.node.log.append(count=count)

    @rule(event=flying)
    def deliver_and_keep(self, event: Event) -> None:
        self._hear(event)

    @rule(event=consumes(flying))
    def deliver(self, event: Event) -> None:
        self._hear(event)

    @rule(event=consumes(flying))
    def lose(self, event: Event) -> None:
        pass

    @rule()
    def signal(self) -> None:
        self._hear(signal(subject="USx"))

    @rule(target=readers)
    def attach(self) -> FakeReader:
        reader = FakeReader()
        self.loop.run_until_complete(self._attach(reader))
        return reader

    async def _attach(self, reader: FakeReader) -> None:
        failure, self.node.log.failure = self.node.log.failure, None
        await self.node.read(reader)
        self.present[reader] = self.node.relay.room(ROOM).offset
        self.node.log.failure = failure

    @rule(reader=consumes(readers))
    def detach(self, reader: FakeReader) -> None:
        self.loop.run_until_complete(self._detach(reader))

    async def _detach(self, reader: FakeReader) -> None:
        self.node.leave(reader)
        del self.present[reader]

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.05, 0.3, 1.2, 5.0]))
    def wait(self, seconds: float) -> None:
        self._pass(seconds)

    @rule(away=st.booleans())
    def broker(self, away: bool) -> None:
        came_back = away is False and not self.node.broker.connected
        self.node.broker.connected = not away
        if came_back:
            self.loop.call_soon(self.node.broker.restored)

    @rule(away=st.booleans())
    def database(self, away: bool) -> None:
        self.node.log.failure = AWAY if away else None

    @invariant()
    def nobody_has_a_hole_or_a_double(self) -> None:
        for reader, start in self.present.items():
            offsets = [offset for offset in reader.offsets if offset]
            assert offsets == list(range(start + 1, start + 1 + len(offsets)))

    def teardown(self) -> None:
        try:
            self.node.broker.connected, self.node.log.failure = True, None
            self._pass(CHECK_AGES[1] + 3 * TICK)
            top = len(self.node.log.streams[ROOM])
            for reader, start in self.present.items():
                assert [offset for offset in reader.offsets if offset] == list(range(start + 1, top + 1))
            assert not self.relay.done()
            self.relay.cancel()
            self.loop.run_until_complete(asyncio.wait([self.relay]))
            self.loop.run_until_complete(settled())
        finally:
            self.loop.close()


TestStreams = pytest.mark.filterwarnings("error")(Streams.TestCase)
TestStreams.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
