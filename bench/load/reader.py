"""The reader program: one process that holds many WebSocket connections and counts what arrives.

It speaks JSON lines with its parent. First line in: `{"host", "port", "path", "hellos", "marker", "timed"}`, one entry
of `hellos` (a first message, or null) per connection. Then `{"arm": n}` starts a count that is over after n
deliveries, `{"report": true}` asks for the state of it. Lines out: `ready`, `done` or `report`, `failed`.

A delivery is one occurrence of the marker in the bytes received, whatever frames and reads it came in. With `timed`
the marker is followed by 19 digits, the sender's CLOCK_MONOTONIC in nanoseconds, and latencies are collected.
"""

from __future__ import annotations

import json
import os
import re
import select
import socket
import sys
import time
from typing import Any

from bench.load.machine import raise_file_limit
from bench.load.wire import PING, PONG, client_frame, upgrade

_ROOM = 256 * 1024
_OPENING = 64  # connections that are being opened at the same time
_DIGITS = 19


class Reader:
    def __init__(self, spec: dict[str, Any]) -> None:
        self._address = (str(spec["host"]), int(spec["port"]))
        self._upgrade = upgrade(f"{spec['host']}:{spec['port']}", spec["path"])
        self._waiting: list[str | None] = list(reversed(spec["hellos"]))
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
        self._tails: dict[int, bytes] = {}
        self._counts: dict[int, int] = {}
        self._latencies: list[int] = []
        self._expected = self._total = self._bytes = self._first = self._last = self._closed = 0

    def run(self) -> None:
        started = time.monotonic()
        while self._waiting or self._opening:
            while self._waiting and len(self._opening) < _OPENING:
                self._open(self._waiting.pop())
            for fd, _ in self._epoll.poll():
                if fd in self._opening:
                    self._advance(fd)
                else:
                    self._read(fd)
        _say({"ready": len(self._sockets), "seconds": time.monotonic() - started})
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
        # On loopback a connect ends at once, one way or the other.
        connection = socket.create_connection(self._address, timeout=20)
        connection.setblocking(False)
        connection.send(self._upgrade)
        fd = connection.fileno()
        self._sockets[fd] = connection
        self._opening[fd] = (hello, bytearray())
        self._tails[fd] = bytes(self._overlap)
        self._counts[fd] = 0
        self._epoll.register(fd, select.EPOLLIN)

    def _advance(self, fd: int) -> None:
        """One more step of the handshake: 101, then the reply to the hello where there is one."""
        hello, received = self._opening[fd]
        data = self._sockets[fd].recv(65536)
        received += data
        if not data:
            raise ConnectionError(f"closed while it was opened: {bytes(received[-300:])!r}")
        if b"\r\n\r\n" not in received:
            return
        head, _, rest = bytes(received).partition(b"\r\n\r\n")
        if b" 101 " not in head[:20]:
            raise ConnectionError(f"no upgrade: {head!r}")
        if hello is None:
            del self._opening[fd]
        elif not rest:
            self._sockets[fd].send(client_frame(hello.encode()))
        elif b'"connect":{' in rest:
            del self._opening[fd]
        elif rest[0] & 0x0F == 8 or b'"error"' in rest:
            raise ConnectionError(f"the server refused: {rest!r}")

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
            self._bytes += size
            self._counts[fd] += found
            self._total += found
            if not self._first:
                self._first = time.monotonic_ns()
            if self._total >= self._expected > 0:
                self._last, self._expected = time.monotonic_ns(), 0
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
