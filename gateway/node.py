"""The node as operators see it: whether it is ready, and its figures."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from chatcore.domain import serial
from chatcore.domain.errors import ChatError
from chatcore.domain.events import Announcement, Event, EventType
from chatcore.ports.broker import Publisher
from chatcore.ports.clock import Clock
from chatcore.telemetry import Metrics, Tally
from gateway.hub.hub import Hub
from gateway.sockets.close import Close
from gateway.sockets.outbound import BATCH_BOUNDS
from gateway.sockets.server import SocketServer

logger = logging.getLogger(__name__)

_AT = b'"at":"'
SCHEMA_AGE = 10.0  # seconds between two looks at the schema


class Condition:
    """Reasons why this node should get no new clients."""

    def __init__(
        self,
        database: Callable[[], Awaitable[None]],
        broker: Callable[[], Awaitable[None]],
        missing_migrations: Callable[[], Awaitable[Sequence[str]]],
        draining: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._database = database
        self._broker = broker
        self._missing_migrations = missing_migrations
        self._draining = draining
        self._clock = clock
        self._schema_seen = float("-inf")

    async def reasons(self) -> list[str]:
        """Empty when ready; one line each."""
        found = []
        if self._draining():
            found.append("node: draining")
        try:
            await self._database()
            await self._check_schema(found)
        except ChatError as error:
            found.append(f"postgres: {error.message}")
        try:
            await self._broker()
        except (ConnectionError, TimeoutError) as error:
            found.append(f"broker: {error}")
        return found

    async def text(self) -> bytes:
        return "\n".join(await self.reasons()).encode()

    async def _check_schema(self, found: list[str]) -> None:
        now = self._clock.monotonic()
        if now - self._schema_seen < SCHEMA_AGE:
            return
        if missing := await self._missing_migrations():
            found.append(f"schema: run `chatcore migrate` ({', '.join(missing)})")
        else:
            self._schema_seen = now


class SocketCounts:
    """Counts connections as they come and go."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def opened(self, protocol: str) -> None:
        self._metrics.connections.labels(protocol).inc()
        self._metrics.connects.labels(protocol, "accepted").inc()

    def refused(self, outcome: str) -> None:
        self._metrics.connects.labels("none", outcome).inc()

    def closed(self, protocol: str, code: int) -> None:
        self._metrics.connections.labels(protocol).dec()
        # Clients close with whatever code they like: a time series for each of them would be theirs to make.
        self._metrics.disconnects.labels(protocol, str(code) if code in _KNOWN_CODES else "other").inc()
        if code == Close.SLOW.code:
            self._metrics.slow_disconnects.inc()


_KNOWN_CODES = frozenset({*range(1000, 1016), *(close.code for close in Close)})
_MESSAGES = frozenset({EventType.MESSAGE_ADDED, EventType.MESSAGE_UPDATED, EventType.MESSAGE_REMOVED})


class Measured:
    """A publisher that counts events."""

    def __init__(self, publisher: Publisher, metrics: Metrics) -> None:
        self._publisher = publisher
        self._metrics = metrics
        self._events = self._told = 0

    def publish(self, announcements: Sequence[Announcement]) -> None:
        for announcement in announcements:
            if isinstance(announcement, Event):
                self._events += 1
        self._publisher.publish(announcements)

    def tell(self) -> None:
        """Brings the metric up to date."""
        self._metrics.events_published.inc(self._events - self._told)
        self._told = self._events


class NearFirst:
    """A publisher that hands messages to the readers on this node at once: they need no broker for that.

    What comes back from the broker is known by its offset and dropped. Everything but messages takes the usual way.
    """

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self.receive: Callable[[Announcement], None] = lambda _: None
        """What delivers on this node."""

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self._publisher.publish(announcements)
        for announcement in announcements:
            if announcement.type in _MESSAGES and isinstance(announcement, Event):
                try:
                    self.receive(announcement)
                except Exception:  # the message is committed whatever becomes of its delivery
                    logger.exception("A message could not be delivered", extra={"action": "delivery_failed"})


class CommandCounts:
    """Counts commands of client connections. Metric objects would take longer than many a command's own work."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._ended: Counter[tuple[str, str]] = Counter()
        self._told: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, Tally] = {}
        metrics.command_seconds.read = lambda: [((name,), tally.read()) for name, tally in self._seconds.items()]

    def count(self, name: str, outcome: str, seconds: float) -> None:
        self._ended[name, outcome] += 1
        tally = self._seconds.get(name)
        if tally is None:
            tally = self._seconds[name] = Tally()
        tally.observe(seconds)

    def tell(self) -> None:
        """Brings the metric up to date."""
        for labels, count in (self._ended - self._told).items():
            self._metrics.commands.labels(*labels).inc(count)
        self._told = self._ended.copy()


class DeliveryTimes:
    """How long messages take from the time stamp of their commit to the queues of their readers on this node."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._tally = Tally()
        self._clock = clock
        self._last = b"", 0.0  # a date, and the monotonic time that was when it began
        metrics.delivery_seconds.read = lambda: [((), self._tally.read())]

    def delivered(self, event: Event) -> None:
        if event.type is not EventType.MESSAGE_ADDED:
            return
        start = event.payload.index(_AT) + len(_AT)
        text = event.payload[start : event.payload.index(b'"', start)]
        last, began = self._last
        if text != last:  # all messages of a batch have one date
            age = (self._clock.now() - serial.parse_date(text.decode())).total_seconds()
            began = self._clock.monotonic() - age
            self._last = text, began
        self._tally.observe(max(0.0, self._clock.monotonic() - began))


class Gauges:
    """Figures that are cheaper to read when somebody looks than to count when they happen."""

    def __init__(
        self,
        metrics: Metrics,
        hub: Hub,
        sockets: SocketServer,
        counts: Sequence[CommandCounts | Measured],
        broker_servers: Callable[[], tuple[int, int]],
    ) -> None:
        self._metrics = metrics
        self._hub = hub
        self._sockets = sockets
        self._counts = counts
        self._broker_servers = broker_servers
        self._told: dict[str, int] = {}
        flusher = sockets.flusher
        metrics.write_batch_size.read = lambda: [((), (BATCH_BOUNDS, flusher.batches, flusher.frames))]

    async def render(self) -> bytes:
        """Prometheus text."""
        for counts in self._counts:
            counts.tell()
        for protocol, count in self._hub.delivered.items():
            self._metrics.deliveries.labels(protocol).inc(count - self._told.get(protocol, 0))
            self._told[protocol] = count
        connected, servers = self._broker_servers()
        self._metrics.broker_servers.labels("connected").set(connected)
        self._metrics.broker_servers.labels("away").set(servers - connected)
        self._metrics.outbound_bytes.set(self._sockets.backlog)
        return self._metrics.render()
