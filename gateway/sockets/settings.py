"""What the socket driver is configured with, and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketSettings:
    """Times in seconds, sizes in bytes.

    `connect_rate` is new connections per second; those above it wait at most `handshake_timeout` for their 101.
    """

    ping_interval: float
    pong_timeout: float
    outbound_limit: int
    max_connections: int
    connect_rate: float
    handshake_timeout: float = 5.0
    compression: bool = False

    def __post_init__(self) -> None:
        # A pong deadline beyond the next ping could not be told apart from that ping's own.
        if not 0 < self.pong_timeout < self.ping_interval:
            raise ValueError("pong timeout must be positive and shorter than the ping interval")
        if self.connect_rate <= 0 or self.max_connections <= 0 or self.outbound_limit <= 0:
            raise ValueError("limits must be positive")


class SocketMetrics(Protocol):
    """Told once per connection; counters of the write path are read from `SocketServer.stats` instead."""

    def opened(self, protocol: str) -> None: ...

    def refused(self, outcome: str) -> None:
        """An upgrade was answered without a 101: `not_found`, `bad_handshake`, `rejected`, `draining`, `full`, `rate`
        or `failed`."""

    def closed(self, protocol: str, code: int) -> None: ...


class Unmeasured:
    """Metrics for nobody."""

    def opened(self, protocol: str) -> None:
        pass

    def refused(self, outcome: str) -> None:
        pass

    def closed(self, protocol: str, code: int) -> None:
        pass
