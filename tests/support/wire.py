"""A TCP way between two parts that can be cut, delayed, swallowed, or deafened in one direction.

What a wire swallows is kept: when it heals, connections either go on with it, as after a partition that TCP outlived,
or are reset, as by a firewall that has forgotten them. Nothing is ever left out of a connection that goes on.
"""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

_BUFFERED = 1 << 20  # bytes that wait for a slow end before the other one is no longer read


class Way(StrEnum):
    """A direction, seen from who connects."""

    THERE = "there"
    BACK = "back"


BOTH = (Way.THERE, Way.BACK)


@dataclass(frozen=True, slots=True)
class Address:
    """Of a listener: a TCP port, or a socket in the file system."""

    host: str = "127.0.0.1"
    port: int = 0
    path: str | None = None


@dataclass(slots=True)
class _Lane:
    """What one direction of every connection does now."""

    held: bool = False
    delay: float = 0.0


class Wire:
    """Listens on a port of its own. Existing connections stay with the target they were made to."""

    def __init__(self, target: Address) -> None:
        self.target = target
        self.lanes = {way: _Lane() for way in BOTH}
        self.connections: set[_Connection] = set()
        self.refusing = False
        self.waiting = False  # newcomers are let through later
        self._server: asyncio.Server | None = None
        self._dials: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Near(self), "127.0.0.1", 0, backlog=4096)

    async def close(self) -> None:
        assert self._server is not None, "started"
        self._server.close()
        self.cut()
        for dial in list(self._dials):
            dial.cancel()
        await asyncio.gather(*self._dials, return_exceptions=True)

    @property
    def port(self) -> int:
        assert self._server is not None, "started"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    # Trouble.

    def cut(self) -> None:
        """Resets every connection at both ends: nothing in flight arrives."""
        for connection in list(self.connections):
            connection.abort()

    def refuse(self) -> None:
        """Cuts, and resets whoever comes, until `heal`."""
        self.refusing = True
        self.cut()

    def hold(self, *ways: Way) -> None:
        """Swallows what goes these ways, of newcomers too; with both, nobody new reaches the other end."""
        for way in ways:
            self.lanes[way].held = True
        self.waiting = all(lane.held for lane in self.lanes.values())

    def slow(self, seconds: float, *ways: Way) -> None:
        """What goes these ways arrives so much later, in order."""
        for way in ways:
            self.lanes[way].delay = seconds

    def heal(self, *, late: bool = True) -> None:
        """Ends all trouble. Without `late`, connections of which anything was swallowed are reset."""
        self.refusing = self.waiting = False
        for lane in self.lanes.values():
            lane.held, lane.delay = False, 0.0
        for connection in list(self.connections):
            if not late and connection.swallowed:
                connection.abort()
            else:
                connection.go_on()

    # For connections.

    def dial(self, connection: _Connection) -> None:
        task = asyncio.get_running_loop().create_task(self._dial(connection))
        self._dials.add(task)
        task.add_done_callback(self._dials.discard)

    async def _dial(self, connection: _Connection) -> None:
        loop, target = asyncio.get_running_loop(), self.target
        try:
            if target.path is not None:
                await loop.create_unix_connection(lambda: _Far(connection), target.path)
            else:
                await loop.create_connection(lambda: _Far(connection), target.host, target.port)
        except OSError:
            connection.abort()


@dataclass(slots=True, eq=False)
class _Stretch:
    """Bytes of one direction of one connection on their way."""

    queue: deque[tuple[float, bytes]] = field(default_factory=deque)  # loop time at which they may go on
    timer: asyncio.TimerHandle | None = None
    ended: bool = False  # the sender said that nothing follows
    over: bool = False  # and the receiver was told


class _Connection:
    def __init__(self, wire: Wire, near: asyncio.Transport) -> None:
        self._wire = wire
        self._ends: dict[Way, asyncio.Transport] = {Way.BACK: near}  # by the way that leads to them
        self._stretches = {way: _Stretch() for way in BOTH}
        self._dialled = False
        wire.connections.add(self)
        if not wire.waiting:
            self._reach()

    @property
    def swallowed(self) -> bool:
        return not self._dialled or any(
            stretch.queue and self._wire.lanes[way].delay == 0 for way, stretch in self._stretches.items()
        )

    def _reach(self) -> None:
        self._dialled = True
        self._wire.dial(self)

    def reached(self, far: asyncio.Transport) -> None:
        if self not in self._wire.connections:
            far.abort()
            return
        self._ends[Way.THERE] = far
        self.go_on()

    def came(self, way: Way, data: bytes) -> None:
        stretch, lane, loop = self._stretches[way], self._wire.lanes[way], asyncio.get_running_loop()
        end = self._ends.get(way)
        if end is not None and not stretch.queue and not lane.held and not lane.delay:
            end.write(data)
            return
        stretch.queue.append((loop.time() + lane.delay, data))
        self._pump(way)

    def ended(self, way: Way) -> None:
        self._stretches[way].ended = True
        self._pump(way)

    def go_on(self) -> None:
        if not self._dialled:
            self._reach()
            return
        for way in BOTH:
            self._pump(way)

    def pause(self, way: Way, *, reading: bool) -> None:
        """The end that `way` leads to has more than enough, or asks for more."""
        sender = self._ends.get(Way.BACK if way is Way.THERE else Way.THERE)
        if sender is not None and not sender.is_closing():
            if reading:
                sender.resume_reading()
            else:
                sender.pause_reading()

    def lost(self) -> None:
        """One end is gone, so the other one goes, unless both came to a proper end."""
        if self in self._wire.connections:
            self.abort()

    def abort(self) -> None:
        self._wire.connections.discard(self)
        for stretch in self._stretches.values():
            if stretch.timer is not None:
                stretch.timer.cancel()
        for end in self._ends.values():
            end.abort()

    def _close(self) -> None:
        """What was written still leaves."""
        self._wire.connections.discard(self)
        for end in self._ends.values():
            end.close()

    def _pump(self, way: Way) -> None:
        stretch, end = self._stretches[way], self._ends.get(way)
        if end is None or self._wire.lanes[way].held or stretch.timer is not None:
            return
        loop = asyncio.get_running_loop()
        calm = self._wire.lanes[way].delay == 0
        while stretch.queue and (calm or stretch.queue[0][0] <= loop.time()):
            end.write(stretch.queue.popleft()[1])
        if stretch.queue:
            stretch.timer = loop.call_at(stretch.queue[0][0], self._due, way)
        elif stretch.ended and not stretch.over:
            stretch.over = True
            try:
                if not end.is_closing():
                    end.write_eof()
            except OSError:  # it was reset a moment ago
                self.abort()
                return
            if all(each.over for each in self._stretches.values()):
                self._close()

    def _due(self, way: Way) -> None:
        self._stretches[way].timer = None
        self._pump(way)


class _End(asyncio.Protocol):
    """`_way`: where goes what is read here."""

    _way: Way
    _back: Way
    _connection: _Connection

    def data_received(self, data: bytes) -> None:
        self._connection.came(self._way, data)

    def eof_received(self) -> bool:
        self._connection.ended(self._way)
        return True  # the other direction goes on

    def pause_writing(self) -> None:
        self._connection.pause(self._back, reading=False)

    def resume_writing(self) -> None:
        self._connection.pause(self._back, reading=True)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.lost()


class _Near(_End):
    _way, _back = Way.THERE, Way.BACK

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "TCP"
        _prepare(transport)
        self._connection = _Connection(self._wire, transport)
        if self._wire.refusing:
            self._connection.abort()


class _Far(_End):
    _way, _back = Way.BACK, Way.THERE

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "TCP or a socket in the file system"
        _prepare(transport)
        self._connection.reached(transport)


def _prepare(transport: asyncio.Transport) -> None:
    transport.set_write_buffer_limits(high=_BUFFERED)
    raw = transport.get_extra_info("socket")
    if raw.family in (socket.AF_INET, socket.AF_INET6):
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
