"""A client of the Centrifuge protocol: bytes in, frames out, no socket.

Theory of operation. A connection is first a Stranger, who may only send `connect`; that makes it a Session, and every
other command needs one. Commands run one at a time, in order; pongs count when they are read, whatever is running.

    opened ──connect──> session ──close / error──> over
       └── 10 s without connect: 3502 "stale"
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from functools import partial

from chatcore.commands.sending import Sent
from chatcore.domain.errors import ChatError
from gateway.sockets.close import GOODBYES, Close
from gateway.sockets.endpoint import Cancellable, Link, frame
from gateway.sockets.inbox import Inbox, Pending

from .commands import Request, name_of, perform
from .encode import Encoders
from .errors import ErrorCode, ProtocolError, reply, reply_to
from .login import LoggedIn, Refused, TokenExpired, log_in
from .messages import Command, Connect, ErrorReply, Pong, Result, Rpc, RpcResult, Send
from .room_services import STALE_SECONDS, RoomServices
from .rpc_messages import begin_send, sent_text
from .session import Session
from .throttle import Throttle

logger = logging.getLogger(__name__)
SEND = "message.send"


class CentrifugePeer:
    """One connection. `make_inbox` builds the queue that runs commands in order in a task somebody owns."""

    __slots__ = (
        "_encoders",
        "_failed",
        "_inbox",
        "_link",
        "_over",
        "_ping",
        "_services",
        "_stale",
        "_throttle",
        "session",
    )

    def __init__(
        self,
        link: Link,
        services: RoomServices,
        encoders: Encoders,
        ping: bytes,
        make_inbox: Callable[[Link, Callable[[Command], Pending]], Inbox[Command]],
    ) -> None:
        self._link = link
        self._services = services
        self._encoders = encoders
        self._ping = ping  # the frame, one object for all connections of the encoding
        self._inbox = make_inbox(link, self._handle)
        self._stale: Cancellable | None = link.alarm(STALE_SECONDS, self._went_stale)
        settings = services.settings
        self._throttle = (
            Throttle(services.clock, settings.command_rate, settings.command_burst) if settings.command_rate else None
        )
        self._failed = False  # an error was the answer to connect: nothing else may follow
        self._over = False  # the socket is gone
        self.session: Session | None = None

    # Peer.

    def received(self, payload: bytes) -> None:
        try:
            for command in self._encoders.codec.decode(payload):
                if not self._accept(command, len(payload)):
                    return
        except ProtocolError as error:
            # What came before in the same frame still takes effect, then the connection ends.
            logger.info("Protocol violation: %s", error, extra={"action": "bad_request"})
            self._inbox.put(_Violation(), 0)

    def ping(self) -> bytes | None:
        return self._ping if self.session is not None else None

    def writable(self) -> None:
        self._inbox.resume()

    def closed(self, code: int, reason: str) -> None:
        self._over = True
        self._calm()
        self._inbox.close()
        if self.session is not None:
            logger.info(
                "Connection of %s closed with %d %r",
                self.session.grant.identity,
                code,
                reason,
                extra={"action": "closed", "connection": self.session.client, "code": code},
            )
            self.session.close(goodbye=code in GOODBYES)
            self.session = None

    # Commands.

    def _accept(self, command: Command, size: int) -> bool:
        """False when nothing more is to be read: a frame holds 40,000 pongs."""
        if isinstance(command, Pong):
            self._link.pong()
            if self._throttle is not None and not self._throttle.admit() and self._throttle.flooded:
                self._link.close(*Close.TOO_MANY_REQUESTS.value)
                return False
        else:
            self._inbox.put(command, size)
        return True

    def _handle(self, command: Command) -> Pending:
        """One command, from the inbox. What it raises ends the connection as an internal error."""
        session = self.session
        try:
            if isinstance(command, _Violation) or self._failed:
                raise Refused(Close.BAD_REQUEST)
            if session is None:
                return self._run(self._connect(command))
            if isinstance(command, Connect | Pong):
                raise Refused(Close.BAD_REQUEST)
            started = self._services.clock.monotonic()
            if self._held_back():
                self._conclude(command, reply(ErrorCode.TOO_MANY_REQUESTS), started)
                return None
        except Refused as refused:
            self._link.close(*refused.close.value)
            return None
        if isinstance(command, Rpc) and command.method == SEND:
            sending = begin_send(self._services, session, command.data)
            if sending is not None:  # nearly always: a task would cost as much as the rest of the command
                sending.add_done_callback(partial(self._sent, command, started))
                return sending
        return self._run(self._request(session, command, started))

    async def _run(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Refused as refused:
            self._link.close(*refused.close.value)
        except ConnectionResetError:
            return  # closed while the command was waiting for something

    def _held_back(self) -> bool:
        """Whether the connection asks for too much. Raises Refused where it does not even mind that."""
        if self._throttle is None or self._throttle.admit():
            return False
        if self._throttle.flooded:
            raise Refused(Close.TOO_MANY_REQUESTS)
        return True

    async def _connect(self, command: Command) -> None:
        if not isinstance(command, Connect):
            raise Refused(Close.BAD_REQUEST)
        self._calm()
        client = str(uuid.uuid4())
        started = self._services.clock.monotonic()
        try:
            entered = await log_in(self._services, self._link, self._encoders, client, command)
        except TokenExpired:
            self._refuse(command.id, reply(ErrorCode.TOKEN_EXPIRED), started)
        except ChatError as error:
            self._refuse(command.id, reply_to(error), started)
        else:
            if self._over:
                entered.session.close()
                return
            self._enter(command.id, entered, started)
            if entered.pending:
                await entered.session.resume(entered.pending)

    def _enter(self, command_id: int, entered: LoggedIn, started: float) -> None:
        self.session = entered.session
        self._answer(command_id, entered.answer)
        entered.session.expire_with_grant()
        self._count("connect", "ok", started)
        logger.info(
            "Connection of %s opened",
            entered.session.grant.identity,
            extra={"action": "opened", "connection": entered.session.client, "protocol": "centrifuge"},
        )

    def _refuse(self, command_id: int, error: ErrorReply, started: float) -> None:
        self._failed = True
        self._count("connect", str(error.code), started)
        self._answer(command_id, error)

    async def _request(self, session: Session, request: Request, started: float) -> None:
        self._conclude(request, await perform(self._services, session, request), started)

    def _sent(self, request: Rpc, started: float, sending: asyncio.Future[Sent]) -> None:
        if sending.cancelled():
            return
        error = sending.exception()
        if error is None:
            answer: Result | ErrorReply = RpcResult(data=sent_text(sending.result()).encode())
        elif isinstance(error, ChatError):
            answer = reply_to(error)
        else:
            logger.error("A send failed", exc_info=error, extra={"action": "command_failed"})
            answer = reply(ErrorCode.INTERNAL)
        self._conclude(request, answer, started)

    def _conclude(self, request: Request, answer: Result | ErrorReply | None, started: float) -> None:
        outcome = str(answer.code) if isinstance(answer, ErrorReply) else "ok"
        self._count(name_of(request), outcome, started)
        command_id = 0 if isinstance(request, Send) else request.id
        if answer is not None and command_id:
            self._answer(command_id, answer)

    def _answer(self, command_id: int, answer: Result | ErrorReply) -> None:
        codec = self._encoders.codec
        if isinstance(answer, ErrorReply):
            payload = codec.encode_error(command_id, answer)
        else:
            payload = codec.encode_reply(command_id, answer)
        self._link.send(self._link.frame(payload))

    def _count(self, name: str, outcome: str, started: float) -> None:
        self._services.count(name, outcome, self._services.clock.monotonic() - started)

    def _went_stale(self) -> None:
        self._stale = None
        self._link.close(*Close.STALE.value)

    def _calm(self) -> None:
        if self._stale is not None:
            self._stale.cancel()
            self._stale = None


class _Violation(Pong):
    """Stands in the line where the protocol was broken."""


def ping_frame(encoders: Encoders) -> bytes:
    return frame(encoders.codec.PING, encoders.codec.TEXT)
