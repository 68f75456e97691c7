"""What every session of this room shares on one node."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chatcore.auth.tokens import Grant
from chatcore.commands.chat import Chat
from chatcore.domain.events import Topic
from chatcore.domain.ids import MessageSid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import Actor
from chatcore.ports.clock import Clock
from gateway.hub.attendance import Attendance
from gateway.hub.hub import Hub
from gateway.hub.relay import Relay
from gateway.hub.standing import Standing

CONNECTION_LIMIT = 20  # of one user and service
ROOMS_AT_CONNECT = 200
SUBSCRIPTIONS_MAX = 300
STALE_SECONDS = 10.0  # until the first command
REFRESH_GRACE = 25.0  # seconds after expiry
REFRESH_MIN = 3.0  # seconds from now, for tokens that come in after their expiry: their ttl says one


class Verifier(Protocol):
    async def verify(self, token: str) -> Grant:
        """Raises TokenError, or ChatError(UNAVAILABLE)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSettings:
    """Times in seconds. `command_rate` per second and connection, with a burst."""

    ping_interval: int
    command_rate: float
    command_burst: float
    version: str


class Ask(Protocol):
    async def __call__(self, topic: Topic, question: bytes, *, patience: float) -> list[bytes]: ...


class Link(Protocol):
    """A URL that asks for no credentials, until it expires."""

    @property
    def url(self) -> str: ...

    @property
    def expires_at(self) -> datetime: ...


class Announced(Protocol):
    """A file whose bytes are still to come, and the request that brings them."""

    @property
    def file(self) -> MediaFile: ...

    @property
    def method(self) -> str: ...

    @property
    def link(self) -> Link: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class MediaAnnouncer(Protocol):
    """Links to files. `base` is where this server begins for a client. Raises ChatError."""

    async def announce(
        self, actor: Actor, base: str, *, content_type: str, size: int, filename: str | None
    ) -> Announced: ...

    async def link(self, actor: Actor, base: str, channel: str, key: MessageSid | int) -> Link:
        """To the first file of a message."""
        ...


Start = Callable[[Coroutine[Any, Any, None], str], object]
"""Runs a coroutine in a task that somebody owns; the string names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomServices:
    """Handed to every session."""

    chat: Chat
    hub: Hub
    relay: Relay
    attendance: Attendance
    standing: Standing
    tokens: Verifier
    ask: Ask
    clock: Clock
    settings: RoomSettings
    start: Start
    count: Callable[[str, str, float], None]
    """Counts a command by name and outcome, with the seconds it took."""
    media: MediaAnnouncer | None = None
    base: str = ""
    """Of links, for the sessions these are handed to."""
