"""The inner loop of the reader program, in C where there is a compiler and in Python elsewhere.

It matters to the figures, though it costs the server nothing: a reader that keeps up goes to sleep, and waking it is
part of the server's send call; one that lags is never asleep, and flatters the server.
"""

from __future__ import annotations

import ctypes
import re
import resource
import select
import shutil
import subprocess
import tempfile
import time
from array import array
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.load.wire import PING, PONG

_ROOM = 256 * 1024
_DIGITS = 19


class _Tally(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("expected", "total", "bytes", "first", "last", "closed")]

    expected: int
    total: int
    bytes: int
    first: int
    last: int
    closed: int


class Counter:
    """Counts markers per connection. Sockets are known by their descriptors, registered for EPOLLIN with `epoll`."""

    def __init__(self, epoll: select.epoll, marker: bytes, *, timed: bool) -> None:
        self._epoll = epoll
        self._marker = marker
        self._timed = re.compile(re.escape(marker) + rb"(\d{%d})" % _DIGITS) if timed else None
        # A marker may be cut by the end of a read: so many bytes are looked at again with the next one.
        self._overlap = len(marker) - 1 + (_DIGITS if timed else 0)
        self._buffer = bytearray(self._overlap + _ROOM)
        self._window = memoryview(self._buffer)[self._overlap :]
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._counts = array("I", bytes(4 * files))
        self._tails = bytearray(files * self._overlap)
        self._tally = _Tally()
        self._library = None if timed else _compiled()
        self.latencies: list[int] = []  # nanoseconds

    @property
    def native(self) -> bool:
        return self._library is not None

    @property
    def tally(self) -> _Tally:
        return self._tally

    @property
    def complete(self) -> bool:
        return self._tally.total >= self._tally.expected > 0

    def count(self, fd: int) -> int:
        return self._counts[fd]

    def arm(self, expected: int) -> None:
        tally = self._tally
        tally.expected = expected
        tally.total = tally.bytes = tally.first = tally.last = 0
        self.latencies.clear()
        for fd in range(len(self._counts)):
            self._counts[fd] = 0

    def serve(
        self, stdin: int, receivers: Mapping[int, Callable[[memoryview], int]], pong: Callable[[int], object]
    ) -> bool:
        """Reads until `stdin` is readable (False) or everything expected is there (True)."""
        if self._library is not None:
            return self._serve_natively(stdin)
        asked = False
        while not asked:
            for fd, _ in self._epoll.poll():
                if fd == stdin:
                    asked = True
                else:
                    self.read(fd, receivers[fd], pong)
            if self.complete:
                return True
        return False

    def read(self, fd: int, receive: Callable[[memoryview], int], pong: Callable[[int], object]) -> None:
        overlap, buffer = self._overlap, self._buffer
        buffer[:overlap] = self._tails[fd * overlap : (fd + 1) * overlap]
        try:
            size = receive(self._window)
        except BlockingIOError:
            return
        except OSError:
            size = 0
        if not size:
            self._epoll.unregister(fd)
            self._tally.closed += 1
            return
        end = overlap + size
        found = buffer.count(self._marker, 0, end) if self._timed is None else self._time(end)
        self._tails[fd * overlap : (fd + 1) * overlap] = buffer[size:end]
        if buffer.find(PING, 0, end) >= 0:
            pong(fd)
        if found:
            self._add(fd, found, size)

    def begin(self, fd: int, received: bytes) -> None:
        """A new connection, and what its handshake brought along."""
        overlap = self._overlap
        self._counts[fd] = 0
        self._tails[fd * overlap : (fd + 1) * overlap] = received[-overlap:].rjust(overlap, b"\0")
        if found := received.count(self._marker):
            self._add(fd, found, len(received))

    def _add(self, fd: int, found: int, size: int) -> None:
        tally = self._tally
        tally.bytes += size
        tally.total += found
        self._counts[fd] += found
        if not tally.first:
            tally.first = time.monotonic_ns()
        if self.complete and not tally.last:
            tally.last = time.monotonic_ns()

    def _time(self, end: int) -> int:
        assert self._timed is not None
        now = time.monotonic_ns()
        # The overlap is one byte shorter than a match: none is seen twice.
        latencies = [now - int(match[1]) for match in self._timed.finditer(bytes(self._buffer[:end]))]
        self.latencies += latencies
        return len(latencies)

    def _serve_natively(self, stdin: int) -> bool:
        assert self._library is not None
        reached: int = self._library.serve(
            self._epoll.fileno(),
            stdin,
            self._marker,
            ctypes.c_size_t(len(self._marker)),
            PING,
            ctypes.c_size_t(len(PING)),
            PONG,
            ctypes.c_size_t(len(PONG)),
            ctypes.byref(self._tally),
            (ctypes.c_uint32 * len(self._counts)).from_buffer(self._counts),
            (ctypes.c_char * len(self._tails)).from_buffer(self._tails),
            (ctypes.c_char * len(self._buffer)).from_buffer(self._buffer),
            ctypes.c_size_t(_ROOM),
        )
        return bool(reached)


def _compiled() -> ctypes.CDLL | None:
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "counting.so")
        source = Path(__file__).with_name("counting.c")
        done = subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source], check=False)
        return ctypes.CDLL(str(library)) if done.returncode == 0 else None
