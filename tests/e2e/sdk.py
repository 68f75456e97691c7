"""One face for the official client libraries, so that every test runs with each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .feed import Feed, Happening

KINDS = ("js-json", "js-protobuf", "python-json", "python-protobuf")
MORE_KINDS = ("java-protobuf", "go-json", "go-protobuf")
"""With `--all-sdks` only: they need a JDK and Go. Their libraries do not ask the application where it stands."""


@dataclass(frozen=True, slots=True)
class Position:
    offset: int
    epoch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """The answer to `history`."""

    publications: Sequence[Happening]
    offset: int
    epoch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """One connection in the answer to `presence`."""

    user: str
    info: Any  # the token's `info`, whatever it was


class CallRefused(Exception):
    """An error reply, or a failure of the library itself (codes below 100)."""

    def __init__(self, code: int, message: str, temporary: bool = False) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.temporary = temporary


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a client is made. `token` is asked whenever the library wants a new one."""

    websocket: str
    token: Callable[[], str]
    data: Mapping[str, Any]


class Sdk(Protocol):
    """A client of one library and encoding. What happens to it goes to `feed`."""

    @property
    def feed(self) -> Feed: ...

    async def connect(self) -> None:
        """Begins; `feed` says how it ended."""
        ...

    async def disconnect(self) -> None: ...

    async def rpc(self, method: str, params: Any) -> Any:
        """Raises CallRefused."""
        ...

    async def subscribe(self, channel: str, state: Callable[[], Position] | None = None) -> None:
        """Client-side; `feed` gets subscribed or unsubscribed. `state` is where the application says it stands."""
        ...

    async def unsubscribe(self, channel: str) -> None: ...

    async def publish(self, channel: str, data: Any) -> None: ...

    async def history(
        self, channel: str, *, limit: int = 0, since: Position | None = None, reverse: bool = False
    ) -> Stretch: ...

    async def presence(self, channel: str) -> Mapping[str, Presence]:
        """By client id."""
        ...

    async def presence_stats(self, channel: str) -> tuple[int, int]:
        """Connections, users."""
        ...
