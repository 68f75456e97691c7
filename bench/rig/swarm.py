"""Some of the clients, in a process of their own.

It speaks JSON lines with its parent; see `crew`. In: what `Spec` holds, then commands, each an object with one of the
members `go` (a load), `stop` (its sends), `cut`, `return` (totals of the rooms), `report` (totals). Out, one line each:
`live`, `sent` when a load's last send is answered, `cut`, `back`, `report`, and `progress` once a second; `failed`.
"""

from __future__ import annotations

import errno
import heapq
import json
import os
import random
import resource
import select
import signal
import socket
import struct
import sys
import time
from typing import Any

from bench.load.machine import raise_file_limit
from bench.rig.client import Client, Place, TurnedAwayError
from bench.rig.native import JsonClient, ProtobufClient
from bench.rig.plan import Mix, Plan, Protocol
from bench.rig.sending import Sending
from bench.rig.tally import Tally
from bench.rig.twilsock import TwilsockClient

_KINDS: dict[Protocol, type[Client]] = {"json": JsonClient, "protobuf": ProtobufClient, "twilsock": TwilsockClient}
_RETRY = (0.2, 1.0)  # seconds
_PROGRESS = 1.0
_PAUSE = 0.1
_RESET = struct.pack("ii", 1, 0)
"""A cut leaves no time for farewells, and no port waiting."""
_ROOM = 256 * 1024


class Swarm:
    def __init__(self, spec: dict[str, Any]) -> None:
        self._plan = plan = Plan(**spec["plan"] | {"rooms": [Mix(**mix) for mix in spec["plan"]["rooms"]]})
        numbers = plan.of_process(spec["process"])
        protocols = {number: plan.protocols[number] for number in numbers}
        self._tally = Tally(protocols, self._answer)
        self._clients: dict[int, Client] = {}
        for number, token in zip(numbers, spec["tokens"], strict=True):
            host, port = spec["nodes"][plan.node(number)]
            rooms = {spec["sids"][room]: room for room in plan.seats[number]}
            place = Place(number=number, address=(host, port), token=token, rooms=rooms)
            self._clients[number] = _KINDS[protocols[number]](place, self._tally)
        self._sending = Sending(plan, spec["process"], spec["body"], spec["prefix"], self._clients, self._flush)
        self._at_a_time: int = spec["opening"]
        self._epoll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}  # by number of the client
        self._owners: dict[int, Client] = {}  # by descriptor
        self._connecting: set[int] = set()  # descriptors
        self._opening: set[int] = set()  # clients that are not live yet
        self._queue: list[int] = []
        self._later: list[tuple[float, int]] = []
        self._stalled: set[int] = set()  # descriptors that are watched until they can be written to
        self._turned_away = 0
        self._dropped = 0
        self._unanswered = 0
        self._told_back = True
        self._cpu = 0.0
        self._commands = b""
        self._progress_due = 0.0
        self._last_refusal = ""

    # The loop

    def run(self) -> None:
        started = time.monotonic()
        stdin = sys.stdin.fileno()
        self._epoll.register(stdin, select.EPOLLIN)
        self._enter(list(self._clients), self._at_a_time)
        while self._queue or self._opening or self._later:
            self._turn(stdin, _PAUSE)
        _say({"live": len(self._clients), "seconds": time.monotonic() - started})
        while True:
            self._turn(stdin, min(self._sending.due(), _PAUSE))
            if self._sending.finished():
                _say({"sent": self._sending.sent})
            if not self._told_back and self._tally.behind == 0:
                self._told_back = True
                _say({"back": self._tally.caught_up.fold().plain(), "turned_away": self._turned_away})

    def _turn(self, stdin: int, pause: float) -> None:
        if time.monotonic() >= self._progress_due:
            self._progress_due = time.monotonic() + _PROGRESS
            _say({"progress": self._figures() | {"refused": self._last_refusal}})
        while self._later and self._later[0][0] <= time.monotonic():
            self._queue.append(heapq.heappop(self._later)[1])
        while self._queue and len(self._opening) < self._at_a_time:
            self._open(self._queue.pop())
        for fd, events in self._epoll.poll(pause):
            if fd == stdin:
                self._listen(stdin)
            elif (client := self._owners.get(fd)) is not None:
                self._serve(fd, client, events)

    def _serve(self, fd: int, client: Client, events: int) -> None:
        try:
            if events & select.EPOLLOUT:
                self._writable(fd, client)
            connection = self._sockets.get(client.place.number)
            if connection is not None and events & ~select.EPOLLOUT:
                data = connection.recv(_ROOM)
                if not data:
                    raise TurnedAwayError("the server closed the connection")
                client.feed(data)
                if client.outgoing:
                    self._flush(client)
                if client.live:
                    self._opening.discard(client.place.number)
        except BlockingIOError:
            return
        except (OSError, TurnedAwayError) as error:
            self._lose(client, str(error))

    # Connections

    def _enter(self, numbers: list[int], at_a_time: int) -> None:
        self._queue = list(reversed(numbers))
        self._at_a_time = at_a_time

    def _open(self, number: int) -> None:
        client = self._clients[number]
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = connection.connect_ex(client.place.address)
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, os.strerror(code))
        fd = connection.fileno()
        self._sockets[number], self._owners[fd] = connection, client
        self._connecting.add(fd)
        self._stalled.add(fd)
        self._opening.add(number)
        self._epoll.register(fd, select.EPOLLOUT)

    def _writable(self, fd: int, client: Client) -> None:
        if fd in self._connecting:
            if code := self._sockets[client.place.number].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(code, os.strerror(code))
            self._connecting.discard(fd)
            client.begin()
        self._flush(client)

    def _flush(self, client: Client) -> None:
        connection = self._sockets[client.place.number]
        fd = connection.fileno()
        try:
            sent = connection.send(client.outgoing)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(client, str(error))
            return
        del client.outgoing[:sent]
        if client.outgoing and fd not in self._stalled:
            self._stalled.add(fd)
            self._epoll.modify(fd, select.EPOLLIN | select.EPOLLOUT)
        elif not client.outgoing and fd in self._stalled:
            self._stalled.discard(fd)
            self._epoll.modify(fd, select.EPOLLIN)

    def _lose(self, client: Client, reason: str) -> None:
        """It comes again, as clients do."""
        if client.live:
            self._dropped += 1
            self._tally.errors[f"connection lost: {reason[:120]}"] += 1
        else:
            self._turned_away += 1
            self._last_refusal = reason[:300]
        self._drop(client)
        heapq.heappush(self._later, (time.monotonic() + random.uniform(*_RETRY), client.place.number))

    def _drop(self, client: Client) -> None:
        number = client.place.number
        connection = self._sockets.pop(number)
        fd = connection.fileno()
        self._owners.pop(fd)
        self._connecting.discard(fd)
        self._stalled.discard(fd)
        self._opening.discard(number)
        self._unanswered += len(client.in_flight)
        for token, _ in client.in_flight.values():
            self._sending.answered(token, gladly=False)
        client.live = False
        client.in_flight.clear()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.close()

    # Commands

    def _listen(self, stdin: int) -> None:
        data = os.read(stdin, 1 << 20)
        if not data:
            sys.exit(0)
        *lines, self._commands = (self._commands + data).split(b"\n")
        for line in lines:
            self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        if "go" in command:
            self._cpu = _cpu()
            self._turned_away = self._dropped = self._unanswered = 0
            self._tally.start()
            self._sending.start(**command["go"])
        elif "stop" in command:
            self._sending.stop()
        elif "cut" in command:
            self._sending.pause()
            for client in list(self._clients.values()):
                if client.place.number in self._sockets:
                    self._drop(client)
            self._queue.clear()
            self._later.clear()
            _say({"cut": True})
        elif "return" in command:
            self._tally.expect(self._clients.values(), command["return"], time.monotonic_ns())
            self._turned_away, self._told_back = 0, False
            self._enter(list(self._clients), len(self._clients))
            self._sending.resume()
        else:
            _say({"report": self._report(command["report"])})

    def _answer(self, client: Client, token: int, error: str) -> None:
        self._sending.answered(token, gladly=not error)

    def _figures(self) -> dict[str, Any]:
        return {
            "sent": self._sending.sent,
            "acknowledged": self._tally.acknowledged,
            "deliveries": self._tally.deliveries,
            "live": sum(client.live for client in self._clients.values()),
        }

    def _report(self, totals: list[int]) -> dict[str, Any]:
        tally, ledgers = self._tally, [client.ledger for client in self._clients.values()]
        known = dict(enumerate(totals))
        return self._figures() | {
            "errors": dict(tally.errors),
            "unanswered": self._unanswered + sum(len(client.in_flight) for client in self._clients.values()),
            "skipped": self._sending.skipped,
            "latest": self._sending.latest,
            "turned_away": self._turned_away,
            "dropped": self._dropped,
            "lost": sum(ledger.lost(known) for ledger in ledgers),
            "repeated": sum(ledger.repeated for ledger in ledgers),
            "disordered": sum(ledger.disordered for ledger in ledgers),
            "refused_recoveries": tally.refused_recoveries,
            "cpu": _cpu() - self._cpu,
            "answers": tally.answers.fold().plain(),
            "received": {protocol: durations.fold().plain() for protocol, durations in tally.received.items()},
        }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the parent, which asks for a report then
    raise_file_limit()
    try:
        Swarm(json.loads(sys.stdin.readline())).run()
    except (OSError, TurnedAwayError) as error:
        _say({"failed": repr(error)})


if __name__ == "__main__":
    main()
