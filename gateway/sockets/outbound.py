"""The write side of a connection: a bounded queue, and one write per loop tick and connection.

Theory of operation. A connection is in one of these conditions:

    ready    open, nothing queued, the transport takes more   a frame puts it into the flusher's list → dirty
    dirty    queued in this tick                              the flush ending the tick writes the joined frames → ready
    stalled  the transport holds over 64 KiB                  frames queue; `resume_writing` → ready or stalled again
    ended    close frame written, or socket lost              frames are dropped

Fan-out never waits and runs no code of a peer, so it may iterate over a live set: the only thing it can do to a
connection is to end it, and `Peer.closed` is called by the next flush. That flush is the one `call_soon` of a tick,
whatever the number of connections. Nearly all of a delivery's cost is the kernel's send call: fewer calls is the only
thing worth optimising here, so large fan-outs that follow each other closely are joined (see Flusher). One after a
silence has nothing to be joined with: it is written without a tick and past the queues.
"""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_left
from collections.abc import Callable, Collection
from typing import Final

from .borrowed import sender
from .close import ABNORMAL, Close

logger = logging.getLogger(__name__)

HIGH_WATER: Final = 64 * 1024
"""Bytes handed to a transport before the queue starts to wait: no ping overtakes them and nothing drops them."""

CROWD: Final = 64
"""Connections from which a fan-out is large."""

REST_FACTOR: Final = 2.0
"""A large fan-out rests that many times as long as the last one took."""

REST_LEAST: Final = 0.001
REST_MOST: Final = 0.02
"""Seconds: cheaper fan-outs are not worth a rest, dearer ones do not delay the next any longer."""

BATCH_BOUNDS: Final = (1, 2, 5, 10, 20, 50, 100, 200)
"""Upper bounds of the buckets that count frames per write; one more takes everything above."""


class Outbound:
    """The queue of one connection. Attributes are flat because the loops below are the hot path of the whole server."""

    __slots__ = (
        "direct",
        "ending",
        "flusher",
        "limit",
        "open",
        "queue",
        "queued",
        "ready",
        "sender",
        "stalled",
        "transport",
    )

    transport: asyncio.Transport

    def __init__(self, flusher: Flusher, limit: int) -> None:
        self.flusher = flusher
        self.limit = limit
        self.open = False
        self.ready = False
        self.stalled = False
        self.queue: list[bytes] = []
        self.queued = 0  # bytes in `queue`
        self.ending: tuple[int, str] | None = None  # what the peer is still to be told
        self.sender: Callable[[bytes], int] | None = None  # `send` of the socket; see `start`
        self.direct: Callable[[bytes], int] | None = None  # the same, while the transport holds nothing

    # What the driver adds.

    def write_close(self, code: int, reason: str) -> None:
        """Put the close frame on the wire; runs no code of the peer."""
        raise NotImplementedError

    def settle(self) -> None:
        """Tell the peer that it is over."""
        raise NotImplementedError

    def relieved(self) -> None:
        """Tell the peer that it may go on."""
        raise NotImplementedError

    # What a peer and the hub ask.

    def send(self, frame: bytes) -> None:
        if self.ready:
            self.ready = False
            self.queue.append(frame)
            self.queued = len(frame)
            self.flusher.add(self)
        elif self.append(frame):
            self.flusher.hurry(self)

    def send_first(self, frame: bytes) -> None:
        if self.ready:
            self.send(frame)
        elif self.append(frame, first=True):
            self.flusher.hurry(self)

    def close(self, code: int, reason: str) -> None:
        if not self.open:
            return
        self.flush()
        self._end(code, reason)

    @property
    def backlog(self) -> int:
        return self.queued + self.transport.get_write_buffer_size() if self.open else 0

    @property
    def congested(self) -> bool:
        return self.stalled and self.backlog > self.limit // 2

    # The machine.

    def start(self) -> None:
        """Frames for a transport that holds nothing go straight into the socket: a seventh less work than by way of
        its `write`. The transport stays the owner, and gets whatever the socket does not take."""
        self.transport.set_write_buffer_limits(high=HIGH_WATER)
        self.sender = self.direct = sender(self.transport)
        self.open = self.ready = True

    def stop(self) -> None:
        """Take no more frames and forget those that wait."""
        self.open = self.ready = False
        self.queue.clear()
        self.queued = 0

    def append(self, frame: bytes, *, first: bool = False) -> bool:
        """The slow half of `send`: the connection is dirty, stalled or ended. False if the frame was dropped."""
        if not self.open:
            return False
        if first:
            self.queue.insert(0, frame)
        else:
            self.queue.append(frame)
        self.queued += len(frame)
        if self.stalled:
            backlog = self.queued + self.transport.get_write_buffer_size()
            if backlog > self.limit:
                self._end(*Close.SLOW.value)
                return False
        elif self.queued > HIGH_WATER:
            # Whether the client is slow is for the kernel to say, not for the size of one tick.
            self.flush()
        return True

    def flush(self) -> None:
        """Write what is queued, at most about 64 KiB at a time, until the transport has enough."""
        queue = self.queue
        while queue and not self.stalled:
            count = len(queue)
            if self.queued > HIGH_WATER and count > 1:
                size = 0
                for count, frame in enumerate(queue, 1):  # noqa: B007 - count is used after the loop
                    size += len(frame)
                    if size >= HIGH_WATER:
                        break
            data = queue[0] if count == 1 else b"".join(queue[:count])
            del queue[:count]
            self.queued -= len(data)
            self.flusher.count(count)
            self.write(data)
        self.ready = self.open and not self.stalled and not queue

    def write(self, data: bytes) -> None:
        self.direct = None
        try:
            self.transport.write(data)
        except Exception:
            # A transport that closed by itself; `connection_lost` is on its way and tells the peer.
            logger.debug("Write refused by the transport", exc_info=True, extra={"action": "write_refused"})
            self.stop()

    def regain(self) -> Callable[[bytes], int] | None:
        """The way past the transport, if that is empty again."""
        if self.sender is not None and not self.transport.get_write_buffer_size():
            self.direct = self.sender
        return self.direct

    def pause_writing(self) -> None:
        """The transport holds more than `HIGH_WATER`; called from inside its `write`."""
        self.stalled = True
        self.ready = False

    def resume_writing(self) -> None:
        """The transport is nearly empty again."""
        self.stalled = False
        if not self.open:
            return
        self.flush()
        if not self.congested:
            self.relieved()

    def _end(self, code: int, reason: str) -> None:
        self.stop()
        self.ending = (code, reason)
        self.flusher.end(self)
        self.write_close(code, reason)

    def lost(self) -> None:
        """The socket is gone; if nobody ended it before, it was abnormal."""
        self.stop()
        self.sender = self.direct = None
        if self.ending is None:
            self.ending = (ABNORMAL, "")


class Flusher:
    """Everything that one tick has to write, shared by all connections of a server.

    Large fan-outs are paced. After one that took long, the next rests for twice as long, at most REST_MOST: whatever is
    published meanwhile is joined into one write per connection, and what clients ask is answered instead. So a busy
    room costs fewer calls the busier it is, and a lone message waits for nothing.
    """

    __slots__ = (
        "_clock",
        "_crowd",
        "_crowd_scheduled",
        "_dirty",
        "_ended",
        "_rested",
        "_scheduled",
        "batches",
        "frames",
    )

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._dirty: list[Outbound] = []
        self._crowd: list[Outbound] = []  # of large fan-outs
        self._crowd_scheduled = False
        self._rested = 0.0  # when the next large fan-out may be written
        self._ended: list[Outbound] = []
        self._scheduled = False
        self.batches = [0] * (len(BATCH_BOUNDS) + 1)  # writes by number of frames
        self.frames = 0

    def add(self, link: Outbound) -> None:
        self._dirty.append(link)
        if not self._scheduled:
            self._schedule()

    def add_all(self, links: list[Outbound]) -> None:
        if len(links) < CROWD:
            self._dirty += links
            if not self._scheduled:
                self._schedule()
            return
        self._crowd += links
        if not self._crowd_scheduled:
            self._crowd_scheduled = True
            rest = self._rested - self._clock()
            loop = asyncio.get_running_loop()
            if rest > 0:
                loop.call_later(rest, self.flush_crowd)
            else:
                loop.call_soon(self.flush_crowd)

    def at_rest(self) -> bool:
        """Whether nothing came while the last large fan-out rested: the next one has nothing to be joined with."""
        return not self._crowd_scheduled and self._clock() - self._rested > REST_LEAST

    def write_at_once(self, links: Collection[Outbound], frame: bytes) -> int:
        """A large fan-out past the queues of those that are ready; returns how many took it."""
        started = self._clock()
        size = len(frame)
        fresh = others = 0
        for link in links:
            if not link.ready:
                others += link.append(frame)
                continue
            fresh += 1
            direct = link.direct or link.regain()
            try:
                sent = 0 if direct is None else direct(frame)
            except OSError:  # it takes nothing just now, or never again: the transport will see
                sent = 0
            if sent != size:
                link.write(frame[sent:])
        self.frames += fresh
        self.batches[0] += fresh
        self._pace(started)
        return fresh + others

    def hurry(self, link: Outbound) -> None:
        """The connection got something of its own while it may be resting with a crowd."""
        if self._crowd_scheduled:
            self.add(link)

    def end(self, link: Outbound) -> None:
        self._ended.append(link)
        if not self._scheduled:
            self._schedule()

    def count(self, frames: int) -> None:
        self.frames += frames
        self.batches[bisect_left(BATCH_BOUNDS, frames)] += 1

    def _schedule(self) -> None:
        self._scheduled = True
        asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Tell the ended peers, then write for every dirty connection; what peers send meanwhile leaves as well."""
        while self._ended:
            ended, self._ended = self._ended, []
            for link in ended:
                link.settle()
        dirty, self._dirty = self._dirty, []
        self._scheduled = False
        self._write(dirty)

    def flush_crowd(self) -> None:
        """Write for everybody in a large fan-out, and set how long the next one rests."""
        crowd, self._crowd = self._crowd, []
        self._crowd_scheduled = False
        started = self._clock()
        self._write(crowd)
        self._pace(started)

    def _pace(self, started: float) -> None:
        ended = self._clock()
        cost = ended - started
        self._rested = ended + min(REST_FACTOR * cost, REST_MOST) if cost > REST_LEAST else ended

    def _write(self, links: list[Outbound]) -> None:
        single = 0
        for link in links:
            queue = link.queue
            if len(queue) != 1 or link.stalled:
                link.flush()
                continue
            # The usual case: one frame for an open connection (an ended one has an empty queue).
            single += 1
            link.queued = 0
            link.ready = True
            frame = queue.pop()
            direct = link.direct or link.regain()
            try:
                sent = 0 if direct is None else direct(frame)
            except OSError:
                sent = 0
            if sent != len(frame):
                link.write(frame[sent:])
        self.frames += single
        self.batches[0] += single


def fan_out(links: Collection[Outbound], frame: bytes) -> int:
    """Queue one frame for many connections of one server, or write it where it is for a crowd after a silence; returns
    how many took it. Never waits, never calls a peer."""
    if len(links) >= CROWD and (flusher := next(iter(links)).flusher).at_rest():
        return flusher.write_at_once(links, frame)
    size = len(frame)
    room = HIGH_WATER - size
    fresh: list[Outbound] = []
    add = fresh.append
    others = 0
    for link in links:
        if link.ready:
            link.ready = False
            link.queue.append(frame)
            link.queued = size
            add(link)
        elif link.open and not link.stalled and link.queued < room:
            link.queue.append(frame)
            link.queued += size
            others += 1
        elif link.append(frame):
            others += 1
    if fresh:
        fresh[0].flusher.add_all(fresh)
    return len(fresh) + others
