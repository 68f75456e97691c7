"""An initialised connection: whose it is, what it wants to hear, and when its token ends."""

from __future__ import annotations

import logging
from collections.abc import Callable

from chatcore.auth.tokens import Grant
from chatcore.domain.ids import Identity, KeySid, ServiceSid, UserSid
from chatcore.domain.model import Actor, User
from chatcore.ports.presence import Session as LiveSession
from gateway.hub.standing import Lost
from gateway.sdkhttp.notification import notification
from gateway.sockets.close import Close as CloseCode
from gateway.sockets.endpoint import Cancellable, Link

from . import codec, errors
from .messages import Close, Status, TokenAboutToExpire
from .room_services import RoomServices
from .wants import Wants

logger = logging.getLogger(__name__)

WARNING = 180.0
"""Seconds before its expiry at which a client is told to renew its token; half its time if that is less."""

EXPIRY_LEAST = 3.0
"""Seconds from now, for tokens that come in after their expiry, within the leeway."""


class Session:
    """The SdkSession of one connection, and a holder of its standing."""

    __slots__ = (
        "_closers",
        "_services",
        "_timer",
        "_wants",
        "actor",
        "closed",
        "connection",
        "grant",
        "link",
        "origin",
        "reachability",
        "user_sid",
    )

    def __init__(
        self,
        services: RoomServices,
        link: Link,
        *,
        wants: Wants,
        connection: str,
        grant: Grant,
        user: User,
        origin: str,
    ) -> None:
        self._services = services
        self._wants = wants
        self.origin = origin
        self.link = link
        self.connection = connection
        self.grant = grant
        self.user_sid: UserSid = user.sid
        self.actor = Actor(
            account_sid=grant.account_sid, service_sid=grant.service_sid, identity=grant.identity, user_sid=user.sid
        )
        self.reachability = False
        self.closed = False
        self._timer: Cancellable | None = None  # to the warning, then to the end of the token
        self._closers: list[Callable[[], None]] | None = None

    @property
    def live(self) -> LiveSession:
        """Its entry in presence."""
        return LiveSession(
            connection=self.connection, service_sid=self.grant.service_sid, identity=Identity(self.grant.identity)
        )

    # Holder.

    @property
    def key_sid(self) -> KeySid:
        return self.grant.key_sid

    @property
    def service_sid(self) -> ServiceSid:
        return self.grant.service_sid

    def lost(self, why: Lost) -> None:
        self.end(errors.gone(why), CloseCode.FORCE_DISCONNECT)

    # SdkSession.

    def wants(self, message_type: str) -> bool:
        return message_type in self._wants

    def notify(self, message_type: str, payload: bytes) -> None:
        if message_type in self._wants and not self.closed:
            self.link.send(self.link.frame(notification(message_type, payload)))

    def on_close(self, callback: Callable[[], None]) -> None:
        if self.closed:
            _call(callback)
        elif self._closers is None:
            self._closers = [callback]
        else:
            self._closers.append(callback)

    def alarm(self, seconds: float, callback: Callable[[], None]) -> Cancellable:
        return self.link.alarm(seconds, callback)

    # Life.

    def begin(self) -> None:
        """After the answer to `init`: nothing may be sent before it."""
        self._services.standing.enter(self)
        self._watch()

    def renew(self, grant: Grant) -> None:
        """A new token of the same identity and service."""
        if not self.closed:
            self.grant = grant
            self._watch()

    def end(self, status: Status, code: CloseCode, reconnect_min_ms: int | None = None) -> None:
        """Tells the client why, then closes its socket."""
        if not self.closed:
            self._send(Close(status=status, reconnect_min_ms=reconnect_min_ms))
            self.link.close(*code.value)

    def close(self, *, goodbye: bool = False) -> None:
        """The connection is over: leaves everything at once. `goodbye`: the client wanted to."""
        if self.closed:
            return
        self.closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._services.standing.leave(self)
        reachability = self.reachability
        self._services.attendance.leave(self.live, self.user_sid, reachability=reachability, goodbye=goodbye)
        closers, self._closers = self._closers, None
        for callback in closers or ():
            _call(callback)

    # The token.

    def _watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.grant.expires_at is not None:
            left = max(self._left(), 0.0)
            self._timer = self.link.alarm(left - min(WARNING, left / 2), self._warn)

    def _left(self) -> float:
        assert self.grant.expires_at is not None, "watched only then"
        return (self.grant.expires_at - self._services.clock.now()).total_seconds()

    def _warn(self) -> None:
        self._send(TokenAboutToExpire())
        self._timer = self.link.alarm(max(self._left(), EXPIRY_LEAST), self._expire)

    def _expire(self) -> None:
        self._timer = None
        self.end(errors.EXPIRED, CloseCode.EXPIRED)

    def _send(self, message: Close | TokenAboutToExpire) -> None:
        self.link.send(self.link.frame(codec.encode(message)))


def _call(callback: Callable[[], None]) -> None:
    try:
        callback()
    except Exception:
        logger.exception("Something failed at the end of a connection", extra={"action": "close_failed"})
