"""A client of Twilsock: frames in, frames out, no socket.

Theory of operation.

    opened ──init──▶ session ──close, end of the token, loss of what it rests on──▶ over
       │  └─refused: another init may follow
       └── 10 s without a session: closed

Before there is a session everything is done in order. Then what changes something is (POST, DELETE, a renewed token),
and so are subscriptions among themselves; reads run beside them.

Notification contexts are answered at once, always. Older SDKs (twilsock.js before 0.7) wait for that before they call
themselves connected. They may send one right behind `init`; if that is refused they leave this socket at once but keep
waiting for the answer to the context, on the next one and with a good token too. So refusals take a moment.
"""

from __future__ import annotations

import asyncio
import logging
import random

from chatcore.domain.errors import ChatError
from gateway.sockets.close import GOODBYES
from gateway.sockets.close import Close as CloseCode
from gateway.sockets.endpoint import PING_FRAME, Cancellable, Link

from . import codec, errors
from .codec import BadFrame, BadMessage
from .errors import Refused
from .lanes import Lane, Lanes
from .leaving import Leaving
from .login import log_in, renewed
from .messages import (
    Asking,
    Closing,
    DeleteContext,
    Ignored,
    Incoming,
    Init,
    InitReply,
    Message,
    Outgoing,
    PutContext,
    Reply,
    status,
)
from .requests import lane_of, perform
from .room_services import STALE_SECONDS, RoomServices
from .session import Session
from .valve import Pace, Reason, Valve
from .wants import Wants

logger = logging.getLogger(__name__)

REFUSAL_DELAY = 0.1
"""Seconds until a refused `init` is answered."""

SPREAD_MS = 10_000
"""Over which a crowd of clients comes back."""


class TwilsockPeer:
    """One connection."""

    __slots__ = (
        "_crowded",
        "_lanes",
        "_leaving",
        "_link",
        "_over",
        "_pace",
        "_public_url",
        "_services",
        "_slowed",
        "_stale",
        "_valve",
        "_wants",
        "session",
    )

    def __init__(self, link: Link, services: RoomServices, public_url: str = "") -> None:
        self._link = link
        self._public_url = public_url
        self._services = services
        self._valve = Valve(link)
        self._wants = Wants()
        self._lanes: Lanes[Asking] = Lanes(link, self._valve, services.start, self._handle, self._idle)
        settings = services.settings
        rate = settings.command_rate
        self._pace = Pace(services.clock, rate, settings.command_burst) if rate else None
        self._slowed = False
        self._stale: Cancellable | None = link.alarm(STALE_SECONDS, self._went_stale)
        self._leaving: Leaving | None = None  # set when it is to go to another node
        self._crowded = False
        self._over = False  # the socket is gone
        self.session: Session | None = None

    # Peer.

    def received(self, payload: bytes) -> None:
        try:
            self._take(codec.decode(payload), len(payload))
        except BadFrame as bad:
            logger.info("Protocol violation: %s", bad, extra={"action": "bad_request"})
            self._link.close(*CloseCode.BAD_REQUEST.value)
        except BadMessage as bad:
            self._keep_pace()
            self._refuse(bad)

    def ping(self) -> bytes | None:
        return PING_FRAME

    def writable(self) -> None:
        self._lanes.resume()

    def closed(self, code: int, reason: str) -> None:
        self._over = True
        self._lanes.close()
        if self._stale is not None:
            self._stale.cancel()
        if self._leaving is not None:
            self._leaving.cancel()
        session, self.session = self.session, None
        if session is not None:
            logger.info(
                "Connection of %s closed with %d %r",
                session.grant.identity,
                code,
                reason,
                extra={"action": "closed", "connection": session.connection, "code": code},
            )
            session.close(goodbye=code in GOODBYES)

    def drain(self, *, crowded: bool) -> None:
        """Answers what was received, then sends the client to another node: it comes back in about a second, or when
        it is told to if it is one of a crowd."""
        self._crowded = crowded
        if self._leaving is None:
            self._leaving = Leaving(self._link, self._valve, lambda: self._lanes.idle, self._leave)

    # Receiving.

    def _take(self, incoming: Incoming, size: int) -> None:
        if isinstance(incoming, Ignored):
            return
        self._keep_pace()
        if self._leaving is not None:
            self._leaving.asked()
        if isinstance(incoming, Closing):
            self._link.close(1000, "")
        elif isinstance(incoming, PutContext | DeleteContext):
            self._context(incoming)
        elif self.session is not None and isinstance(incoming, Message):
            self._lanes.put(lane_of(incoming), incoming, size)
        else:
            self._lanes.put(Lane.CHANGES, incoming, size)

    def _keep_pace(self) -> None:
        if self._pace is not None and (pause := self._pace.take()) and not self._slowed:
            self._slowed = True
            self._valve.shut(Reason.PACE)
            self._link.alarm(pause, self._read_on)

    def _read_on(self) -> None:
        assert self._pace is not None, "who has no pace is not slowed"
        if pause := self._pace.ahead():  # what had been read already was too much as well
            self._link.alarm(pause, self._read_on)
        else:
            self._slowed = False
            self._valve.open(Reason.PACE)

    # Asked.

    async def _handle(self, asked: Asking) -> None:
        """One command, from the lanes. What it raises ends the connection as an internal error."""
        started = self._services.clock.monotonic()
        session = self.session
        try:
            if isinstance(asked, Init):
                await self._init(asked)
            elif session is None:
                raise BadMessage(asked.id, "init must come first")
            elif isinstance(asked, Message):
                self._send(await perform(self._services.upstream, session, asked))
                return  # upstream counts
            else:
                session.renew(await renewed(self._services, session, asked.token))
                self._send(Reply(id=asked.id))
            outcome = "ok"
        except BadMessage as bad:
            self._refuse(bad)
            outcome = "400"
        except Refused as refused:
            self._send(Reply(id=asked.id, status=refused.status, payload=refused.payload))
            outcome = str(refused.status.error_code)
        except ChatError as error:
            self._unavailable(asked, error)
            outcome = str(int(error.code))
        self._services.count(
            f"twilsock.{type(asked).__name__.lower()}", outcome, self._services.clock.monotonic() - started
        )

    async def _init(self, asked: Init) -> None:
        if self.session is not None:
            raise BadMessage(asked.id, "init was done")
        try:
            session = await log_in(self._services, self._link, asked, self._wants, self._public_url)
        except Refused:
            await asyncio.sleep(REFUSAL_DELAY)
            raise
        if self._over:
            session.close()
            return
        self.session = session
        if self._stale is not None:
            self._stale.cancel()
            self._stale = None
        products = tuple(registration.product for registration in asked.registrations or ())
        self._send(InitReply(id=asked.id, continuation_token=session.connection, registered=products))
        session.begin()
        logger.info(
            "Connection of %s opened",
            session.grant.identity,
            extra={"action": "opened", "connection": session.connection, "protocol": "twilsock"},
        )

    def _context(self, asked: PutContext | DeleteContext) -> None:
        name = asked.notification_ctx_id
        if isinstance(asked, DeleteContext):
            self._wants.delete(name)
        elif not self._wants.put(name, frozenset(asked.message_types)):
            return self._refuse(BadMessage(asked.id, "too many notification contexts, or too long a name"))
        self._send(Reply(id=asked.id))
        return self._idle()

    def _unavailable(self, asked: Asking, error: ChatError) -> None:
        """SDKs report any answer to their first `init` but a good one as a failure, although they try again; when the
        socket just ends they only do the latter."""
        logger.info("Cannot answer now: %s", error.message, extra={"action": "unavailable"})
        if isinstance(asked, Init):
            self._link.close(*CloseCode.TRY_AGAIN_LATER.value)
        else:
            self._send(Reply(id=asked.id, status=status(503, description="try again later")))

    # Sending.

    def _send(self, message: Outgoing) -> None:
        self._link.send(self._link.frame(codec.encode(message)))

    def _refuse(self, bad: BadMessage) -> None:
        self._send(Reply(id=bad.frame_id, status=errors.bad_request(bad.reason)))

    # Ending.

    def _went_stale(self) -> None:
        self._stale = None
        self._link.close(*CloseCode.STALE.value)

    def _idle(self) -> None:
        if self._leaving is not None:
            self._leaving.answered()

    def _leave(self) -> None:
        if self._crowded and self.session is not None:
            self.session.end(errors.OFFLOADED, CloseCode.SHUTDOWN, reconnect_min_ms=random.randrange(SPREAD_MS + 1))
        else:
            self._link.close(*CloseCode.SHUTDOWN.value)
