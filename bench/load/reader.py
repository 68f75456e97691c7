"""The reader program: one process that holds many WebSocket connections and counts what arrives.

It speaks JSON lines with its parent. First line in: `{"host", "port", "path", "hellos", "marker", "timed", "opening",
"expect"}`, one entry of `hellos` (a first message, or null) per connection, `opening` of which are opened at a time.
Then `{"arm": n}` starts a count that is over after n deliveries, `{"report": true}` asks for the state of it. With
`expect` over 0 the count starts before the first connection, recovered publications included, and a connection that
is turned away comes again, as clients do. Lines out: `ready`, `done` or `report`, `failed`.

A delivery is one occurrence of the marker in the bytes received, whatever frames and reads it came in. With `timed`
the marker is followed by 19 digits, the sender's CLOCK_MONOTONIC in nanoseconds, and latencies are collected.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import re
import select
import socket
import sys
import time
from typing import Any

from bench.load.machine import raise_file_limit
from bench.load.wire import PING, PONG, client_frame, upgrade

_ROOM = 256 * 1024
_RETRY = (0.2, 1.0)  # seconds
_DIGITS = 19


class Reader:
    def __init__(self, spec: dict[str, Any]) -> None:
        self._address = (str(spec["host"]), int(spec["port"]))
        self._upgrade = upgrade(f"{spec['host']}:{spec['port']}", spec["path"])
        self._waiting: list[str | None] = list(reversed(spec["hellos"]))
        self._window_size = int(spec["opening"])
        self._later: list[tuple[float, str | None]] = []
        self._retried = 0
        self._size = len(self._waiting)
        self._marker = spec["marker"].encode()
        self._timed = re.compile(re.escape(self._marker) + rb"(\d{19})") if spec["timed"] else None
        # A marker may be cut by the end of a read: so many bytes are looked at again with the next one.
        self._overlap = len(self._marker) - 1 + (_DIGITS if self._timed else 0)
        self._buffer = bytearray(self._overlap + _ROOM)
        self._window = memoryview(self._buffer)[self._overlap :]
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._opening: dict[int, tuple[str | None, bytearray]] = {}
        self._connected: set[int] = set()
        self._tails: dict[int, bytes] = {}
        self._counts: dict[int, int] = {}
        self._latencies: list[int] = []
        self._total = self._bytes = self._first = self._last = self._closed = 0
        self._expected = int(spec["expect"])
        self._comes_again = self._expected > 0

    def run(self) -> None:
        started = time.monotonic_ns()
        while self._waiting or self._opening or self._later:
            while self._later and self._later[0][0] <= time.monotonic():
                self._waiting.append(heapq.heappop(self._later)[1])
            while self._waiting and len(self._opening) < self._window_size:
                self._open(self._waiting.pop())
            for fd, _ in self._epoll.poll(0.05):
                if fd in self._opening:
                    self._advance(fd)
                else:
                    self._read(fd)
        now = time.monotonic_ns()
        _say({"ready": len(self._sockets), "started": started, "ended": now, "retried": self._retried})
        self._finish()
        stdin = sys.stdin.fileno()
        self._epoll.register(stdin, select.EPOLLIN)
        commands = b""
        while True:
            for fd, _ in self._epoll.poll():
                if fd != stdin:
                    self._read(fd)
                    continue
                data = os.read(stdin, 65536)
                if not data:
                    return
                *lines, commands = (commands + data).split(b"\n")
                for line in lines:
                    self._obey(json.loads(line))

    def _open(self, hello: str | None) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.connect_ex(self._address)
        fd = connection.fileno()
        self._sockets[fd] = connection
        self._opening[fd] = (hello, bytearray())
        self._epoll.register(fd, select.EPOLLOUT)

    def _advance(self, fd: int) -> None:
        """One more step of the handshake: connected, then 101, then the reply to the hello where there is one."""
        hello, received = self._opening[fd]
        try:
            if self._first_event(fd):
                self._sockets[fd].send(self._upgrade)
                return
            data = self._sockets[fd].recv(65536)
        except OSError:
            data = b""
        received += data
        head, complete, rest = bytes(received).partition(b"\r\n\r\n")
        if not data or (complete and b" 101 " not in head[:20]):
            self._turned_away(fd, bytes(received))
        elif not complete:
            return
        elif hello is None:
            self._live(fd, rest)
        elif not rest:
            self._sockets[fd].send(client_frame(hello.encode()))
        elif b'"connect":{' in rest:
            self._live(fd, rest)
        elif rest[0] & 0x0F == 8 or b'"error"' in rest:
            self._turned_away(fd, rest)

    def _first_event(self, fd: int) -> bool:
        """Whether this is the first event of a connection: connected, or refused."""
        if fd in self._connected:
            return False
        self._connected.add(fd)
        self._epoll.modify(fd, select.EPOLLIN)
        return True

    def _live(self, fd: int, rest: bytes) -> None:
        del self._opening[fd]
        self._tails[fd] = bytes(self._overlap) if len(rest) < self._overlap else rest[len(rest) - self._overlap :]
        self._counts[fd] = 0
        if found := rest.count(self._marker):
            self._add(fd, found, len(rest))

    def _turned_away(self, fd: int, answer: bytes) -> None:
        if not self._comes_again:
            raise ConnectionError(f"turned away: {answer[:400]!r}")
        hello, _ = self._opening.pop(fd)
        self._connected.discard(fd)
        self._epoll.unregister(fd)
        self._sockets.pop(fd).close()
        self._retried += 1
        heapq.heappush(self._later, (time.monotonic() + random.uniform(*_RETRY), hello))

    def _obey(self, command: dict[str, Any]) -> None:
        if "arm" in command:
            self._expected = int(command["arm"])
            self._total = self._bytes = self._first = self._last = 0
            self._latencies.clear()
            self._counts = dict.fromkeys(self._counts, 0)
            _say({"armed": True})
        else:
            self._report("report")

    def _read(self, fd: int) -> None:
        overlap, buffer = self._overlap, self._buffer
        buffer[:overlap] = self._tails[fd]
        try:
            size = self._sockets[fd].recv_into(self._window)
        except OSError:
            size = 0
        if not size:
            self._epoll.unregister(fd)
            self._closed += 1
            return
        end = overlap + size
        found = buffer.count(self._marker, 0, end) if self._timed is None else self._time(end)
        self._tails[fd] = bytes(buffer[size:end])
        if buffer.find(PING, 0, end) >= 0:
            self._sockets[fd].send(PONG)
        if found:
            self._add(fd, found, size)

    def _add(self, fd: int, found: int, size: int) -> None:
        self._bytes += size
        self._counts[fd] += found
        self._total += found
        if not self._first:
            self._first = time.monotonic_ns()
        if self._total >= self._expected > 0:
            self._last = time.monotonic_ns()
            if not self._opening and not self._waiting and not self._later:
                self._finish()

    def _finish(self) -> None:
        if self._total >= self._expected > 0:
            self._expected = 0
            self._report("done")

    def _time(self, end: int) -> int:
        assert self._timed is not None
        now = time.monotonic_ns()
        found = 0
        for match in self._timed.finditer(bytes(self._buffer[:end])):
            # The overlap is one byte shorter than a match: none is seen twice.
            self._latencies.append(now - int(match[1]))
            found += 1
        return found

    def _report(self, kind: str) -> None:
        counts = self._counts.values()
        report: dict[str, Any] = {
            kind: True,
            "total": self._total,
            "bytes": self._bytes,
            "first": self._first,
            "last": self._last or time.monotonic_ns(),
            "least": min(counts),
            "most": max(counts),
            "closed": self._closed,
        }
        if self._timed is not None:
            report["latencies"] = self._latencies
        _say(report)


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    raise_file_limit()
    try:
        Reader(json.loads(sys.stdin.readline())).run()
    except (OSError, KeyboardInterrupt) as error:
        _say({"failed": repr(error)})


if __name__ == "__main__":
    main()
