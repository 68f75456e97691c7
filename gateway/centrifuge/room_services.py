"""What every session of this room shares on one node."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from chatcore.auth.tokens import Grant
from chatcore.commands.chat import Chat
from chatcore.domain.events import Topic
from chatcore.ports.clock import Clock
from gateway.hub.attendance import Attendance
from gateway.hub.hub import Hub
from gateway.hub.relay import Relay

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


Start = Callable[[Coroutine[Any, Any, None], str], object]
"""Runs a coroutine in a task that somebody owns; the string names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomServices:
    """Handed to every session."""

    chat: Chat
    hub: Hub
    relay: Relay
    attendance: Attendance
    tokens: Verifier
    ask: Ask
    clock: Clock
    settings: RoomSettings
    start: Start
    count: Callable[[str, str, float], None]
    """Counts a command by name and outcome, with the seconds it took."""
