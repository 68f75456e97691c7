"""One connection that speaks RESP3 (Redis 6 and newer, Valkey): commands out, replies and pushes in.

Theory of operation. The server answers in the order of the commands, so the oldest waiting call owns the next reply.
SUBSCRIBE and UNSUBSCRIBE are answered by one push per channel, in the same order, or by a single error. Pushes of kind
`message` belong to no call and may come at any time: RESP3 tells them apart, so one connection serves publishing and
listening, and under load one read brings many of both.

In a cluster SSUBSCRIBE is confirmed likewise. `sunsubscribe` however also comes unasked, for each channel whose slot
goes to another server, and then a SUNSUBSCRIBE that was under way is refused: so that is followed by a PING, whose
answer tells that it is over, whatever came before.

Everything that one loop iteration writes leaves in one system call.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, cast

import hiredis

from chatcore.resp.address import Address

logger = logging.getLogger(__name__)

DIAL_TIMEOUT: Final = 2.0
Argument = str | bytes | int
Replies = list[object]
"""What hiredis makes of RESP: bytes, int, None, and lists of them."""

_CONFIRMATIONS: Final = (b"subscribe", b"unsubscribe", b"ssubscribe")


class RefusedError(ConnectionError):
    """The server answered with an error: no right, loading, out of memory, read-only replica."""


class Link(asyncio.Protocol):
    """A connection after `dial`. Once lost it stays lost, and every waiting call fails with ConnectionError.

    `on_message` gets channel and payload; what it raises is logged. `on_dropped` gets each channel that a server of a
    cluster has stopped to serve.
    """

    def __init__(
        self, on_message: Callable[[bytes, bytes], None], on_dropped: Callable[[bytes], None] = lambda _: None
    ) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = loop.create_future()
        self._loop = loop
        self._on_message = on_message
        self._on_dropped = on_dropped
        self._reader = hiredis.Reader()
        self._waiting: deque[_Call] = deque()
        self._outgoing: list[bytes] = []
        self._transport: asyncio.Transport | None = None  # set while connected

    # What callers use.

    def call(self, *commands: tuple[Argument, ...]) -> asyncio.Future[Replies]:
        """One reply per command. Any error among them fails the whole with RefusedError."""
        return self.send(b"".join(map(pack, commands)), len(commands))

    def send(self, packed: bytes, count: int) -> asyncio.Future[Replies]:
        """Like `call`, for `count` commands that were packed before."""
        return self._enqueue(packed, _Call(self._loop.create_future(), count, confirmed=False))

    def attempt(self, packed: bytes, count: int) -> asyncio.Future[Replies]:
        """Like `send`, but what is refused fails nothing: its reply is an exception. See `refusal`."""
        return self._enqueue(packed, _Call(self._loop.create_future(), count, confirmed=False, lenient=True))

    def subscribe(self, channels: Iterable[bytes]) -> asyncio.Future[Replies]:
        """Done when the server has confirmed all: what is published from then on arrives. At least one channel."""
        return self._confirmed(b"SUBSCRIBE", channels)

    def unsubscribe(self, channels: Iterable[bytes]) -> asyncio.Future[Replies]:
        return self._confirmed(b"UNSUBSCRIBE", channels)

    def ssubscribe(self, channels: Iterable[bytes]) -> asyncio.Future[Replies]:
        """Like `subscribe`, in a cluster: at least one channel, all of one slot."""
        return self._confirmed(b"SSUBSCRIBE", channels)

    def sunsubscribe(self, channels: Iterable[bytes]) -> asyncio.Future[Replies]:
        """At least one channel, all of one slot. Refused if the slot is not here any more."""
        leaving = frozenset(channels)
        call = _Call(self._loop.create_future(), 1, confirmed=False, leaving=leaving)
        return self._enqueue(pack((b"SUNSUBSCRIBE", *leaving)) + pack(("PING",)), call)

    def abort(self) -> None:
        """Cuts the connection; `lost` follows soon. May be called again."""
        if self._transport is not None:
            self._transport.abort()

    async def answers(self, patience: float) -> bool:
        """Whether the server answers within `patience` seconds, while this process is able to listen."""
        ping = ignored(self.call(("PING",)))
        await asyncio.wait([ping], timeout=patience)
        if not ping.done():
            # A loop that was busy for longer than `patience` runs its timers before it reads: give it a chance to.
            await asyncio.sleep(0.05)
        return ping.done() and not ping.cancelled() and ping.exception() is None

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # what create_connection makes for stream sockets

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        reader.feed(data)
        try:
            while (reply := reader.gets()) is not False:
                if type(reply) is not hiredis.PushNotification:
                    self._settle(reply)
                elif reply[0] == b"message" or reply[0] == b"smessage":
                    try:
                        self._on_message(reply[1], reply[2])
                    except Exception:
                        logger.exception("A message could not be handled", extra={"action": "message_failed"})
                elif reply[0] in _CONFIRMATIONS:
                    self._settle(reply)
                elif reply[0] == b"sunsubscribe":
                    self._drop(reply[1])
        except hiredis.ProtocolError:
            logger.exception("The server does not speak RESP", extra={"action": "protocol_error"})
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        while self._waiting:
            self._waiting.popleft().fail(ConnectionError("The connection was lost"))
        if not self.lost.done():
            self.lost.set_result(None)

    # The work.

    def _confirmed(self, command: bytes, channels: Iterable[bytes]) -> asyncio.Future[Replies]:
        arguments = (command, *channels)
        call = _Call(self._loop.create_future(), len(arguments) - 1, confirmed=True)
        return self._enqueue(pack(arguments), call)

    def _enqueue(self, packed: bytes, call: _Call) -> asyncio.Future[Replies]:
        if self._transport is None:
            call.fail(ConnectionError("The connection was lost"))
            return call.future
        self._waiting.append(call)
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(packed)
        return call.future

    def _flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        if self._transport is not None:
            self._transport.write(b"".join(outgoing))

    def _settle(self, reply: object) -> None:
        if not self._waiting:
            raise hiredis.ProtocolError("A reply that nobody asked for")
        call = self._waiting[0]
        refused = isinstance(reply, hiredis.ReplyError)
        if refused:
            call.error = reply
            if call.leaving:
                return  # of the SUNSUBSCRIBE; the PING's is still to come
        call.replies.append(reply)
        if len(call.replies) == call.count or (refused and call.confirmed):
            self._waiting.popleft()
            call.settle()

    def _drop(self, channel: bytes) -> None:
        if not self._waiting or channel not in self._waiting[0].leaving:
            self._on_dropped(channel)


class _Call:
    """Commands sent together, and the replies so far."""

    __slots__ = ("confirmed", "count", "error", "future", "leaving", "lenient", "replies")

    def __init__(
        self,
        future: asyncio.Future[Replies],
        count: int,
        *,
        confirmed: bool,
        lenient: bool = False,
        leaving: frozenset[bytes] = frozenset(),
    ) -> None:
        self.future = future
        self.count = count
        self.confirmed = confirmed  # by pushes, all of one command
        self.lenient = lenient  # errors are replies like others
        self.leaving = leaving  # channels of a SUNSUBSCRIBE
        self.replies: Replies = []
        self.error: object = None

    def settle(self) -> None:
        if self.error is not None and not self.lenient:
            self.fail(RefusedError(str(self.error)))
        elif not self.future.done():
            self.future.set_result(self.replies)

    def fail(self, error: ConnectionError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


def pack(command: tuple[Argument, ...]) -> bytes:
    """The command in RESP; strings go as UTF-8."""
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub means a tuple of any length
    return packed


def ignored(call: asyncio.Future[Replies]) -> asyncio.Future[Replies]:
    """The same call, whose failure need not be looked at."""
    call.add_done_callback(lambda done: done.cancelled() or done.exception())
    return call


def refusal(reply: object) -> str:
    """What the server said instead of an answer; empty if it did answer."""
    return str(reply) if isinstance(reply, hiredis.ReplyError) else ""


async def dial(
    address: Address,
    on_message: Callable[[bytes, bytes], None],
    on_dropped: Callable[[bytes], None] = lambda _: None,
    *,
    name: str,
) -> Link:
    """A connection that has introduced itself as `name` (shown by CLIENT LIST).

    Raises ConnectionError, also after DIAL_TIMEOUT seconds, and RefusedError for wrong credentials or a server
    without RESP3.
    """
    loop = asyncio.get_running_loop()
    link = Link(on_message, on_dropped)
    try:
        async with asyncio.timeout(DIAL_TIMEOUT):
            if address.path:
                await loop.create_unix_connection(lambda: link, address.path)
            else:
                await loop.create_connection(lambda: link, address.host, address.port, ssl=address.ssl_context())
            hello: tuple[Argument, ...] = ("HELLO", 3)
            if address.password is not None:
                hello += ("AUTH", address.username, address.password)
            hello += ("SETNAME", "".join(c if c.isascii() and (c.isalnum() or c in "-._") else "_" for c in name))
            # Sequential: what follows a refused HELLO would be refused too, with a less helpful text.
            await link.call(hello)
            if address.db:
                await link.call(("SELECT", address.db))
    except BaseException as error:
        link.abort()
        if isinstance(error, TimeoutError):
            raise ConnectionError(f"{address} does not answer") from None
        if isinstance(error, OSError) and not isinstance(error, ConnectionError):
            raise ConnectionError(str(error)) from error
        raise
    return link
