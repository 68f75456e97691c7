"""What every connection of this room shares on one node."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

from chatcore.auth.tokens import Grant
from chatcore.commands.chat import Chat
from chatcore.ports.clock import Clock
from gateway.hub.attendance import Attendance
from gateway.hub.standing import Standing
from gateway.sdkhttp.exchange import Upstream

CONNECTION_LIMIT: Final = 20
"""Of one user and service."""

STALE_SECONDS: Final = 10.0
"""Until a connection must have been let in."""


class Verifier(Protocol):
    async def verify(self, token: str) -> Grant:
        """Raises TokenError, or ChatError(UNAVAILABLE)."""
        ...


Start = Callable[[Coroutine[Any, Any, None], str], object]
"""Runs a coroutine in a task that somebody owns; the string names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSettings:
    """Frames per second and connection, with a burst; a rate of 0 is none."""

    command_rate: float
    command_burst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomServices:
    """Handed to every connection."""

    chat: Chat
    attendance: Attendance
    standing: Standing
    tokens: Verifier
    upstream: Upstream
    clock: Clock
    settings: RoomSettings
    start: Start
    count: Callable[[str, str, float], None]
    """Counts a command by name and outcome, with the seconds it took."""
