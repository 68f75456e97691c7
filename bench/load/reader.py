"""The reader program: one process that holds many WebSocket connections and counts what arrives.

It speaks JSON lines with its parent. First line in: `{"host", "port", "path", "hellos", "ready", "marker", "timed",
"opening", "expect"}`, one entry of `hellos` (a first message, or null) per connection, `opening` of which are opened at
a time. A connection that said its hello is there once the text `ready` came back.
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
import select
import socket
import sys
import time
from typing import Any

from bench.load.counting import Counter
from bench.load.machine import raise_file_limit
from bench.load.wire import PONG, client_frame, upgrade

_RETRY = (0.2, 1.0)  # seconds


class Reader:
    def __init__(self, spec: dict[str, Any]) -> None:
        self._address = (str(spec["host"]), int(spec["port"]))
        self._upgrade = upgrade(f"{spec['host']}:{spec['port']}", spec["path"])
        self._ready = str(spec["ready"]).encode()
        self._greeted: set[int] = set()
        self._waiting: list[str | None] = list(reversed(spec["hellos"]))
        self._at_a_time = int(spec["opening"])
        self._later: list[tuple[float, int, str | None]] = []
        self._retried = 0
        self._epoll = select.epoll()
        self._counter = Counter(self._epoll, spec["marker"].encode(), timed=bool(spec["timed"]))
        self._counter.arm(int(spec["expect"]))
        self._comes_again = int(spec["expect"]) > 0
        self._sockets: dict[int, socket.socket] = {}
        self._opening: dict[int, tuple[str | None, bytearray]] = {}
        self._connected: set[int] = set()

    def run(self) -> None:
        started = time.monotonic_ns()
        self._open_all()
        _say(
            {
                "ready": len(self._sockets),
                "started": started,
                "ended": time.monotonic_ns(),
                "retried": self._retried,
                "native": self._counter.native,
            }
        )
        stdin = sys.stdin.fileno()
        self._epoll.register(stdin, select.EPOLLIN)
        receivers = {fd: connection.recv_into for fd, connection in self._sockets.items()}
        commands = b""
        while True:
            if self._counter.complete:
                self._report("done")
                self._counter.tally.expected = 0
            if self._counter.serve(stdin, receivers, self._pong):
                continue
            data = os.read(stdin, 65536)
            if not data:
                return
            *lines, commands = (commands + data).split(b"\n")
            for line in lines:
                self._obey(json.loads(line))

    def _open_all(self) -> None:
        while self._waiting or self._opening or self._later:
            while self._later and self._later[0][0] <= time.monotonic():
                self._waiting.append(heapq.heappop(self._later)[2])
            while self._waiting and len(self._opening) < self._at_a_time:
                self._open(self._waiting.pop())
            for fd, _ in self._epoll.poll(0.05):
                if fd in self._opening:
                    self._advance(fd)
                else:
                    self._counter.read(fd, self._sockets[fd].recv_into, self._pong)

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
        """One more step of the handshake: connected, then 101, then the answer to the hello where there is one."""
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
        elif fd not in self._greeted:
            self._greeted.add(fd)
            self._sockets[fd].send(client_frame(hello.encode()))
        elif self._ready in rest:
            self._live(fd, rest)
        elif rest[0] & 0x0F == 8 or b'"error"' in rest:
            self._turned_away(fd, rest)

    def _first_event(self, fd: int) -> bool:
        """Whether the connection has only now been made, or refused."""
        if fd in self._connected:
            return False
        self._connected.add(fd)
        self._epoll.modify(fd, select.EPOLLIN)
        return True

    def _live(self, fd: int, rest: bytes) -> None:
        del self._opening[fd]
        self._counter.begin(fd, rest)

    def _turned_away(self, fd: int, answer: bytes) -> None:
        if not self._comes_again:
            raise ConnectionError(f"turned away: {answer[:400]!r}")
        hello, _ = self._opening.pop(fd)
        self._connected.discard(fd)
        self._greeted.discard(fd)
        self._epoll.unregister(fd)
        self._sockets.pop(fd).close()
        self._retried += 1
        heapq.heappush(self._later, (time.monotonic() + random.uniform(*_RETRY), self._retried, hello))

    def _pong(self, fd: int) -> None:
        self._sockets[fd].send(PONG)

    def _obey(self, command: dict[str, Any]) -> None:
        if "arm" in command:
            self._counter.arm(int(command["arm"]))
            _say({"armed": True})
        else:
            self._report("report")

    def _report(self, kind: str) -> None:
        tally = self._counter.tally
        counts = [self._counter.count(fd) for fd in self._sockets]
        _say(
            {
                kind: True,
                "total": tally.total,
                "bytes": tally.bytes,
                "first": tally.first,
                "last": tally.last or time.monotonic_ns(),
                "least": min(counts),
                "most": max(counts),
                "closed": tally.closed,
                "latencies": self._counter.latencies,
            }
        )


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
