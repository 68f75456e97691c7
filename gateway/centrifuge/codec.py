"""What the two encodings share: their shape, the rules for commands, and the way messages fill frames.

`codec_json` and `codec_protobuf` are modules of the shape `Codec`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import is_dataclass
from typing import ClassVar, Protocol

from .errors import ProtocolError
from .messages import (
    Command,
    ConnectResult,
    ErrorReply,
    HistoryResult,
    PingResult,
    Pong,
    PresenceResult,
    PresenceStatsResult,
    PublishResult,
    Push,
    RefreshResult,
    Result,
    RpcResult,
    Send,
    SubRefreshResult,
    SubscribeResult,
    UnsubscribeResult,
)

FRAME_MESSAGES = 16
FRAME_BYTES = 65536


class Codec(Protocol):
    """One encoding. Pure; what is encoded is a complete frame payload of one message, and payloads can be joined."""

    @property
    def NAME(self) -> str: ...

    @property
    def TEXT(self) -> bool: ...

    @property
    def PING(self) -> bytes: ...

    def decode(self, frame: bytes) -> Iterator[Command]:
        """Commands of one frame, in order and read one by one.

        Raises ProtocolError at the first bad one: those before it are good and have been handed out.
        """

    def encode_reply(self, command_id: int, result: Result) -> bytes: ...

    def encode_error(self, command_id: int, error: ErrorReply) -> bytes: ...

    def encode_push(self, push: Push) -> bytes: ...

    def publication_frame(self, channel: str, data: bytes, offset: int, time_ms: int = 0) -> bytes:
        """The push of one publication; what fan-out encodes once per message. Offset 0 is left out."""

    def join(self, messages: Sequence[bytes]) -> bytes:
        """One payload of several, in order. How many fit is the caller's business."""

    def merge(self, messages: Sequence[bytes]) -> list[bytes]:
        """As few payloads as the bounds FRAME_MESSAGES and FRAME_BYTES allow, in order.

        A message larger than the bound gets a payload of its own.
        """


def admit(command_id: int, command: Command | None) -> Command:
    """Apply the rules for ids to a decoded command, None if it had no member known to us."""
    if command is None:
        if command_id:
            raise ProtocolError("command without a known member")
        return Pong()
    if not command_id and not isinstance(command, Send):
        raise ProtocolError("command without an id")
    return command


def required(value: str, name: str) -> str:
    if not value:
        raise ProtocolError(f"{name} is missing")
    return value


RESULT_MEMBERS: Mapping[type[Result], str] = {
    ConnectResult: "connect",
    SubscribeResult: "subscribe",
    UnsubscribeResult: "unsubscribe",
    PublishResult: "publish",
    PresenceResult: "presence",
    PresenceStatsResult: "presence_stats",
    HistoryResult: "history",
    PingResult: "ping",
    RpcResult: "rpc",
    RefreshResult: "refresh",
    SubRefreshResult: "sub_refresh",
}
"""The member of a reply that carries each result."""


class _Message(Protocol):
    """A dataclass with slots: their names are its field names, at no cost."""

    __slots__: ClassVar[tuple[str, ...]]


def present(message: _Message, payload: Callable[[bytes], object]) -> dict[str, object]:
    """The fields of a message that are not zero, nested messages included; payloads as the encoding wants them."""
    found = {}
    for name in message.__slots__:
        value = getattr(message, name)
        if value:
            found[name] = _present(value, payload)
    return found


def _present(value: object, payload: Callable[[bytes], object]) -> object:
    if isinstance(value, bytes):
        return payload(value)
    if isinstance(value, tuple):
        return [present(item, payload) for item in value]
    if isinstance(value, Mapping):
        return {key: present(item, payload) for key, item in value.items()}
    if is_dataclass(value):
        return present(value, payload)
    return value


def frames_of(messages: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Cut messages into runs that each fit one frame; one byte per message is counted for a separator."""
    start = size = 0
    for end, message in enumerate(messages):
        length = len(message) + 1
        if end > start and (end - start == FRAME_MESSAGES or size + length > FRAME_BYTES):
            yield messages[start:end]
            start, size = end, 0
        size += length
    if start < len(messages):
        yield messages[start:]
