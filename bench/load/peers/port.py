"""What the fan-out figures need of a peer."""

from __future__ import annotations

from typing import Protocol

from bench.load.pump import Pump


class NotInstalledError(Exception):
    """The peer cannot be started here; the text says what would install it."""


class Peer(Protocol):
    """A running server. Subscribers open a WebSocket at `path`, say `hello` where there is one, and are subscribed once
    `ready` came back. Whoever opened it closes it.
    """

    address: tuple[str, int]
    path: str
    hello: str | None
    ready: str

    @property
    def workers(self) -> list[int]:
        """The processes whose CPU counts."""

    def publishers(self, count: int, payload: bytes) -> Pump:
        """Connections that publish `payload` to all subscribers with each request, and are told when that is done."""

    def close(self) -> None: ...
