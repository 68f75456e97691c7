"""A client without a socket: bytes in, bytes out. Protocols are subclasses."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bench.load.wire import frame_at, upgrade
from bench.rig.ledger import Ledger

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_NO_MASK = bytes(4)


class Witness(Protocol):
    """Hears what happens to clients."""

    def came(self, client: Client, room: int, index: int, body: str) -> None:
        """A message, in live traffic or as part of a recovery."""

    def answered(self, client: Client, token: int, sent: int, error: str) -> None:
        """A send was acknowledged, or refused with `error`. `token` and `sent` as given to `send`."""

    def lived(self, client: Client) -> None:
        """Connected, subscribed, and everything that its recovery brought along has been told."""

    def refused_recovery(self, client: Client) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Who the client is. `rooms` by SID of the channel."""

    number: int
    address: tuple[str, int]
    token: str
    rooms: Mapping[str, int]


class TurnedAwayError(Exception):
    """The server does not want this connection now."""


class Client:
    """One at a time: connecting (after `begin`), live, or idle. `outgoing` is what has to be written to the socket."""

    path: str
    subprotocol: str | None = None

    def __init__(self, place: Place, witness: Witness) -> None:
        self.place = place
        self.ledger = Ledger(place.rooms.values())
        self.outgoing = bytearray()
        self.live = False
        self.in_flight: dict[int, tuple[int, int]] = {}
        """Number of the request → (token, time of sending in nanoseconds)."""
        self.catching_up: dict[int, int] = {}
        """Room → how many messages it has to have got."""
        self._witness = witness
        self._sids = {room: sid for sid, room in place.rooms.items()}
        self._received = bytearray()
        self._upgraded = False

    def begin(self) -> None:
        """A new connection, which has just been made."""
        self.live = self._upgraded = False
        self._received.clear()
        self.in_flight.clear()
        host, port = self.place.address
        head = upgrade(f"{host}:{port}", self.path)
        if self.subprotocol is not None:
            head = head[:-2] + f"Sec-WebSocket-Protocol: {self.subprotocol}\r\n\r\n".encode()
        self.outgoing = bytearray(head)

    def feed(self, data: bytes) -> None:
        """Raises TurnedAwayError."""
        received = self._received
        received += data
        at = 0
        if not self._upgraded:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            if b" 101 " not in received[:20]:
                raise TurnedAwayError(bytes(received[:300]).decode(errors="replace"))
            self._upgraded = True
            at = end + 4
            self._greet()
        while (where := frame_at(received, at)) is not None:
            opcode, payload = received[at] & 0x0F, bytes(received[where[0] : where[1]])
            at = where[1]
            if opcode in (TEXT, BINARY):
                self._message(payload)
            elif opcode == PING:
                self._write(payload, PONG)
            elif opcode == CLOSE:
                raise TurnedAwayError(f"closed: {int.from_bytes(payload[:2], 'big')} {payload[2:].decode()}")
        del received[:at]

    def send(self, room: int, body: str, ref: str, token: int, now: int) -> None:
        """Only while it is live."""
        raise NotImplementedError

    def _greet(self) -> None:
        raise NotImplementedError

    def _message(self, payload: bytes) -> None:
        raise NotImplementedError

    def _came(self, room: int, index: int, body: str | None) -> None:
        self._witness.came(self, room, index, body or "")

    def _answered(self, number: int, error: str = "") -> None:
        token, sent = self.in_flight.pop(number)
        self._witness.answered(self, token, sent, error)

    def _lives(self) -> None:
        self.live = True
        self._witness.lived(self)

    def _write(self, payload: bytes, opcode: int) -> None:
        """One frame. The mask is zero: legal on the wire, and it spares the rig the masking of every byte."""
        size = len(payload)
        if size < 126:
            head = bytes((0x80 | opcode, 0x80 | size))
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, size)
        self.outgoing += head + _NO_MASK + payload
