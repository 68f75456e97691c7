"""What a protocol room and the socket driver know of each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from .frames import PING_FRAME, frame

__all__ = [
    "PING_FRAME",
    "Accept",
    "Cancellable",
    "Drained",
    "Endpoint",
    "Handshake",
    "HeaderMap",
    "Link",
    "Peer",
    "Reject",
    "frame",
]


class HeaderMap(Mapping[str, str]):
    """Request headers, looked up in any case; values of a repeated name are joined by commas (RFC 9110 section 5.3)."""

    __slots__ = ("_values",)

    def __init__(self, items: Iterator[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in items:
            key = name.lower()
            held = self._values.get(key)
            self._values[key] = value if held is None else f"{held}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What an endpoint sees of the upgrade request. `client` is the address of the TCP peer, `secure` says TLS ends in
    this process: what a proxy forwards is in the headers, and believing them is the endpoint's decision."""

    path: str
    query: str
    headers: HeaderMap
    client: str
    secure: bool

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """Offered subprotocols in the client's order; an empty header counts as none."""
        offered = self.headers.get("sec-websocket-protocol", "")
        return tuple(name for part in offered.split(",") if (name := part.strip()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """Answer the upgrade with a plain HTTP response."""

    status: int
    body: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """Answer 101. `subprotocol` must be one that was offered. `text` fixes the opcode of outgoing frames. `max_message`
    bounds one inbound message after decompression, in bytes. `protocol` is the label in metrics. `peer` is called once
    the 101 is written."""

    peer: Callable[[Link], Peer]
    subprotocol: str | None
    text: bool
    max_message: int
    protocol: str


class Endpoint(Protocol):
    """Decides about one path; called on the loop, so it must not block."""

    def accept(self, handshake: Handshake) -> Accept | Reject: ...


class Cancellable(Protocol):
    def cancel(self) -> None: ...


class Link(Protocol):
    """What a peer may do with its socket. Nothing here waits, raises, or calls the peer back before returning."""

    def send(self, frame: bytes) -> None:
        """Queue one whole frame. Those of one loop tick leave in one write. Over the bound the connection is cut."""

    def send_first(self, frame: bytes) -> None:
        """Queue one whole frame ahead of everything that is queued."""

    def frame(self, payload: bytes) -> bytes:
        """A data frame of this connection's opcode, compressed where that was negotiated: for this connection only."""

    def close(self, code: int, reason: str) -> None:
        """End the connection: what is queued still leaves if the socket takes it now, then the close frame. Nothing is
        received or sent any more, and `Peer.closed` follows in the same tick. The socket has 5 s before it is reset."""

    def pong(self) -> None:
        """The client answered the last ping."""

    def pause_reading(self) -> None:
        """Stop receiving; messages of the bytes already read still arrive. The pong clock stands still."""

    def resume_reading(self) -> None: ...

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Cancellable:
        """Call back after about `seconds`, never earlier, without a loop timer of its own. It outlives the connection
        unless cancelled; what the callback raises is logged."""

    @property
    def backlog(self) -> int:
        """Queued bytes that the kernel has not accepted yet."""

    @property
    def congested(self) -> bool:
        """Whether the backlog is over half of its bound: commands of the connection wait for `Peer.writable`."""


class Peer(Protocol):
    """Protocol state of one connection, called on the loop and never after `closed`. What it raises is logged and
    closes the connection with 3004."""

    def received(self, payload: bytes) -> None:
        """One whole message, text or binary alike."""

    def ping(self) -> bytes | None:
        """A keepalive is due: the frame to send, or None. An RFC 6455 ping frame is answered by the client's RFC 6455
        pong; for any other the peer reports `Link.pong` itself."""

    def writable(self) -> None:
        """The socket takes bytes again after a stall, and the backlog is below half of its bound."""

    def closed(self, code: int, reason: str) -> None:
        """The connection is over, called exactly once whatever ended it; 1006 if there was no close frame."""


@runtime_checkable
class Drained(Peer, Protocol):
    """A peer with its own way of telling a client to come back to another node."""

    def drain(self, *, crowded: bool) -> None:
        """Ends the connection soon. `crowded` says that more clients are sent away than should come back at once."""
        ...
