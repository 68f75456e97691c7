"""Broker → hub: keeps every room's stream gap-free.

Theory of operation. The broker may lose, repeat and reorder; the log in the database does neither. A room's position
moves only by its direct successor:

    offset ≤ position       repeated: dropped
    offset = position + 1   delivered, then whatever waited behind it
    offset > position + 1   kept aside for 30 ms, because two nodes publishing one channel reorder normally;
                            then the hole is read from the log

A loss at the end of a stream shows only when something follows, so each room is compared with the stored top every
25–40 s, all rooms at once when the broker came back, and every second while it is away. If the log no longer holds
what is missing, or names another epoch, the room's readers are told that their position is lost.

Rooms are opened (subscribe first, then read the position) and closed (a second after the last holder left) by the one
task that also repairs, in batches: a storm of connects costs a few statements.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import Announcement, Event, Topic
from chatcore.ports.broker import Broker
from chatcore.ports.clock import Clock
from chatcore.ports.views import StreamTop

from .hub import Hub
from .ports import EventLog, Eviction
from .room import RING, Room

logger = logging.getLogger(__name__)

HOLE_PATIENCE = 0.03  # seconds a successor waits for its predecessor
CHECK_AGES = (25.0, 40.0)  # seconds between two comparisons of a quiet room with the log
LINGER = 1.0  # seconds a room outlives its last holder
TICK = 1.0  # seconds between two sweeps
RETRY = 0.25  # seconds until a failed repair is tried again
EARLY_MAX = 10_000
CHUNK = 500


class Relay:
    """Rooms of this node and their connection to broker and log."""

    def __init__(
        self,
        hub: Hub,
        broker: Broker,
        log: EventLog,
        clock: Clock,
        *,
        on_repair: Callable[[str], None],
        on_restored: Callable[[], None],
    ) -> None:
        self._hub = hub
        self._broker = broker
        self._log = log
        self._clock = clock
        self._on_repair = on_repair
        self._on_restored = on_restored
        self._opening: list[Room] = []
        self._repairing: dict[Topic, str] = {}  # what to read from the log, and why
        self._wake = asyncio.Event()
        broker.connect(self.receive, self._restored)

    # What connections ask.

    async def hold(self, topics: Iterable[Topic]) -> None:
        """Returns when all of the topics are live; each must be released once. On failure none is held.

        Raises ChatError(UNAVAILABLE) while the log cannot be read.
        """
        rooms = [self._room(topic) for topic in topics]
        for room in rooms:
            room.holders += 1
        try:
            for room in rooms:
                if not room.live:
                    await asyncio.shield(room.opened)
        except BaseException:
            for room in rooms:
                self._let_go(room)
            raise

    def release(self, topics: Iterable[Topic]) -> None:
        for topic in topics:
            if (room := self._hub.rooms.get(topic)) is not None:
                self._let_go(room)

    def room(self, topic: Topic) -> Room:
        """A held room."""
        return self._hub.rooms[topic]

    async def bring_up(self, wanted: Mapping[Topic, int]) -> None:
        """Delivers what (held) rooms have not heard yet of what the database said of them: when it returns, each has
        reached the offset. To the relay the log is one more broker."""
        while late := {t: room.offset for t, offset in wanted.items() if _is_late(room := self.room(t), offset)}:
            found = await self._log.missed(late, per_topic=RING)
            for events in found.values():
                for event in events:
                    self.receive(event)
            if all(self.room(topic).offset <= offset for topic, offset in late.items()):
                return  # the log does not reach back: the readers are told soon

    async def trust(self, epochs: Mapping[Topic, str]) -> None:
        """Tells (held) rooms which epoch the database named for their streams: whoever stands in another one would be
        answered from a history that is over. Costs nothing where they agree."""
        odd = [topic for topic, epoch in epochs.items() if (room := self.room(topic)).streamed and room.epoch != epoch]
        if not odd:
            return
        tops = await self._log.tops(odd)  # the database may have been asked before the room was opened
        for topic, top in tops.items():
            if top.position.epoch != self.room(topic).epoch:
                self._lose(self.room(topic), top)

    # What the broker calls.

    def receive(self, announcement: Announcement) -> None:
        room = self._hub.rooms.get(announcement.topic)
        if room is None:
            return
        if not room.live:
            if len(room.early) < EARLY_MAX:
                room.early.append(announcement)
        elif isinstance(announcement, Event):
            self._advance(room, announcement)
        else:
            self._hub.deliver(room, announcement)

    def _restored(self) -> None:
        self._check_all("restored")
        self._on_restored()

    # The stream of one room.

    def _advance(self, room: Room, event: Event) -> None:
        if event.offset <= room.offset or not room.streamed:
            return
        if event.offset > room.offset + 1:
            if len(room.ahead) < RING:
                room.ahead[event.offset] = event
            if room.gap_timer is None:
                room.gap_timer = asyncio.get_running_loop().call_later(HOLE_PATIENCE, self._give_up_waiting, room)
            return
        self._deliver(room, event)
        while room.ahead:
            following = room.ahead.pop(room.offset + 1, None)
            if following is None:
                room.ahead = {offset: late for offset, late in room.ahead.items() if offset > room.offset}
                break
            self._deliver(room, following)
        if not room.ahead and room.gap_timer is not None:
            room.gap_timer.cancel()
            room.gap_timer = None

    def _deliver(self, room: Room, event: Event) -> None:
        room.offset = event.offset
        room.ring.append(event)
        self._hub.deliver(room, event)

    def _give_up_waiting(self, room: Room) -> None:
        room.gap_timer = None
        if room.ahead:
            self._repair(room.topic, "hole")

    # The work of the task.

    async def run(self) -> None:
        """Opens, repairs, sweeps and closes rooms until cancelled."""
        loop = asyncio.get_running_loop()
        sweep_at = loop.time() + TICK
        while True:
            try:
                async with asyncio.timeout(max(0.0, sweep_at - loop.time())):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._wake.clear()
            try:
                if loop.time() >= sweep_at:
                    sweep_at = loop.time() + TICK
                    self._sweep()
                    await self._close_idle()
                await self._open()
                await self._read_missed()
            except ChatError as error:
                logger.warning("Rooms wait for the log: %s", error.message, extra={"action": "log_unavailable"})
                await asyncio.sleep(RETRY)
                self._wake.set()
            except Exception:
                logger.exception("The relay failed, it goes on", extra={"action": "relay_failed"})
                await asyncio.sleep(RETRY)

    def _room(self, topic: Topic) -> Room:
        room = self._hub.rooms.get(topic)
        if room is None:
            room = self._hub.rooms[topic] = Room(topic)
            room.opened.add_done_callback(lambda opened: opened.cancelled() or opened.exception())
            self._opening.append(room)
            self._wake.set()
        return room

    def _let_go(self, room: Room) -> None:
        room.holders -= 1
        if not room.holders:
            room.idle_since = self._clock.monotonic()

    async def _open(self) -> None:
        while self._opening:
            rooms, self._opening = self._opening[:CHUNK], self._opening[CHUNK:]
            topics = [room.topic for room in rooms]
            try:
                await self._broker.subscribe(topics)
                tops = await self._log.tops(topics)
            except Exception as error:
                refused = error if isinstance(error, ChatError) else ChatError(Code.UNAVAILABLE, "Broker is away")
                for room in rooms:
                    self._hub.rooms.pop(room.topic, None)
                    room.opened.set_exception(refused)
                await self._unsubscribe(topics)
                raise
            for room in rooms:
                self._set_live(room, tops.get(room.topic))

    def _set_live(self, room: Room, top: StreamTop | None) -> None:
        if top is not None:
            room.streamed = True
            room.offset, room.epoch = top.position.offset, top.position.epoch
        room.live = True
        self._check_later(room)
        early, room.early = room.early, []
        for announcement in early:
            self.receive(announcement)
        room.opened.set_result(None)

    def _check_later(self, room: Room) -> None:
        room.check_at = self._clock.monotonic() + random.uniform(*CHECK_AGES)

    def _check_all(self, cause: str) -> None:
        for room in self._hub.rooms.values():
            if room.live and room.streamed:
                self._repairing.setdefault(room.topic, cause)
        self._wake.set()

    def _sweep(self) -> None:
        if not self._broker.connected:
            self._check_all("polling")
            return
        now = self._clock.monotonic()
        for room in self._hub.rooms.values():
            if room.live and room.streamed and room.check_at <= now:
                self._check_later(room)
                self._repair(room.topic, "tail")

    def _repair(self, topic: Topic, cause: str) -> None:
        self._repairing.setdefault(topic, cause)
        self._wake.set()

    async def _read_missed(self) -> None:
        """Compares the rooms that asked for it with the log and delivers what they missed."""
        while self._repairing:
            wanted = dict(list(self._repairing.items())[:CHUNK])
            rooms = {topic: room for topic in wanted if (room := self._hub.rooms.get(topic)) and room.live}
            tops = await self._log.tops(list(rooms))
            behind = {}
            for topic, room in rooms.items():
                top = tops.get(topic)
                if top is None:
                    continue  # deleted: its last event came, or its readers lost access by their own streams
                if top.position.epoch != room.epoch or top.first_offset > room.offset + 1:
                    self._lose(room, top)
                elif top.position.offset > room.offset:
                    behind[topic] = room.offset
            found = await self._log.missed(behind, per_topic=RING) if behind else {}
            for topic, cause in wanted.items():
                events: Sequence[Event] = found.get(topic, ())
                if topic in behind:
                    if cause != "tail" or events:
                        self._on_repair(cause)
                    for event in events:
                        self._advance(rooms[topic], event)
                if len(events) <= RING:
                    self._repairing.pop(topic, None)

    def _lose(self, room: Room, top: StreamTop) -> None:
        logger.warning("Position lost in %s", room.topic, extra={"action": "position_lost"})
        room.offset, room.epoch = top.position.offset, top.position.epoch
        room.ring.clear()
        room.ahead.clear()
        self._hub.evict_all(room, Eviction.POSITION_LOST)

    async def _close_idle(self) -> None:
        now = self._clock.monotonic()
        idle = [
            room.topic
            for room in self._hub.rooms.values()
            if not room.holders and room.live and now - room.idle_since >= LINGER
        ]
        for topic in idle:
            room = self._hub.rooms.pop(topic)
            if room.gap_timer is not None:
                room.gap_timer.cancel()
        if idle:
            await self._unsubscribe(idle)

    async def _unsubscribe(self, topics: Sequence[Topic]) -> None:
        """Rooms are gone from here whether the broker hears of it or not."""
        try:
            await self._broker.unsubscribe(topics)
        except ConnectionError:
            logger.info("Broker is away: topics were dropped anyway", extra={"action": "unsubscribe_failed"})


def _is_late(room: Room, offset: int) -> bool:
    return room.streamed and room.offset < offset
