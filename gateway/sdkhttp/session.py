"""An initialised connection, as the rooms see it that answer its requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from chatcore.auth.tokens import Grant
from chatcore.domain.ids import UserSid
from chatcore.domain.model import Actor
from gateway.sockets.endpoint import Cancellable, Link


class SdkSession(Protocol):
    """Nothing here waits or raises, except where it says so. All of it also works, to no effect, after the end."""

    @property
    def grant(self) -> Grant:
        """What the latest token says. Identity, account and service never change; key and expiry may."""
        ...

    @property
    def actor(self) -> Actor: ...

    @property
    def user_sid(self) -> UserSid: ...

    @property
    def connection(self) -> str:
        """Its id, unique over all nodes."""
        ...

    @property
    def link(self) -> Link:
        """For fan-out: takes frames made by `notification_frame`."""
        ...

    @property
    def origin(self) -> str:
        """Scheme and authority (and perhaps a path) under which the client reaches this node over plain HTTP."""
        ...

    @property
    def closed(self) -> bool: ...

    def wants(self, message_type: str) -> bool:
        """Whether the client registered for notifications of this type, by now."""
        ...

    def notify(self, message_type: str, payload: bytes) -> None:
        """Queues a notification with this JSON text, behind everything queued before; dropped if it is not wanted."""
        ...

    def on_close(self, callback: Callable[[], None]) -> None:
        """Calls back once when the connection is over, at once if it is. What the callback raises is logged."""
        ...

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Cancellable:
        """As Link.alarm: it outlives the connection unless cancelled."""
        ...
