"""The JSON encoding: one object per message, messages separated by a newline, payloads as embedded JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Raw

from .codec import RESULT_MEMBERS, admit, frames_of, present, required
from .errors import ProtocolError
from .messages import (
    Command,
    Connect,
    ErrorReply,
    History,
    Ping,
    Presence,
    PresenceStats,
    Publication,
    Publish,
    PubPush,
    Push,
    Refresh,
    Result,
    Rpc,
    RpcResult,
    Send,
    StreamPosition,
    SubRefresh,
    Subscribe,
    SubscribePush,
    SubscribeRequest,
    Unsubscribe,
)

NAME: Final = "json"
TEXT: Final = True
PING: Final = b"{}"

# --- what clients write: absent and null are the same everywhere ------------------------------------------------------

_U32 = Annotated[int, Meta(ge=0, le=2**32 - 1)]
_I32 = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
_I64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_U64 = Annotated[int, Meta(ge=0)]  # msgspec has no bound beyond an int64: see _offset
_MAX_U64: Final = 2**64 - 1
_ABSENT: Final = Raw(b"")


class _Channel(msgspec.Struct):
    channel: str | None = None


class _Token(msgspec.Struct):
    token: str | None = None


class _Position(msgspec.Struct):
    offset: _U64 | None = None
    epoch: str | None = None


class _Subscribe(msgspec.Struct):
    channel: str | None = None
    token: str | None = None
    recover: bool | None = None
    epoch: str | None = None
    offset: _U64 | None = None
    data: Raw = _ABSENT
    positioned: bool | None = None
    recoverable: bool | None = None
    join_leave: bool | None = None
    delta: str | None = None
    tf: dict[str, Raw] | None = None
    flag: _I64 | None = None
    type: _I32 | None = None


class _Connect(msgspec.Struct):
    token: str | None = None
    data: Raw = _ABSENT
    subs: dict[str, _Subscribe | None] | None = None
    name: str | None = None
    version: str | None = None
    headers: dict[str, str | None] | None = None


class _Publish(msgspec.Struct):
    channel: str | None = None
    data: Raw = _ABSENT


class _History(msgspec.Struct):
    channel: str | None = None
    limit: _I32 | None = None
    since: _Position | None = None
    reverse: bool | None = None


class _Empty(msgspec.Struct):
    pass


class _Send(msgspec.Struct):
    data: Raw = _ABSENT


class _Rpc(msgspec.Struct):
    data: Raw = _ABSENT
    method: str | None = None


class _SubRefresh(msgspec.Struct):
    channel: str | None = None
    token: str | None = None


class _Command(msgspec.Struct):
    id: _U32 | None = None
    connect: _Connect | None = None
    subscribe: _Subscribe | None = None
    unsubscribe: _Channel | None = None
    publish: _Publish | None = None
    presence: _Channel | None = None
    presence_stats: _Channel | None = None
    history: _History | None = None
    ping: _Empty | None = None
    send: _Send | None = None
    rpc: _Rpc | None = None
    refresh: _Token | None = None
    sub_refresh: _SubRefresh | None = None


_decoder = msgspec.json.Decoder(_Command)

# A surrogate escape without its partner is legal JSON, yet the parser refuses it even where it skips. Such an escape in
# a payload is the payload's fault, not the command's. Its backslash is hidden from the parser as a byte that UTF-8
# never contains, and put back by _payload. The other alternatives step over pairs and over escaped backslashes.
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_HIDDEN = b"\xff"


def decode(frame: bytes) -> Iterator[Command]:
    for message in frame.removesuffix(b"\n").split(b"\n"):
        yield _command(_parse(message))


def _parse(message: bytes) -> _Command:
    try:
        if not message.isascii():
            message.decode()  # payloads are skipped unread, so their UTF-8 is checked here
        try:
            return _decoder.decode(message)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if b"\\u" not in message:
                raise
            return _decoder.decode(_LONE_SURROGATE.sub(_hide, message))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(f"command is not decodable: {type(error).__name__}") from error


def _hide(match: re.Match[bytes]) -> bytes:
    lone = match["lone"]
    return match[0] if lone is None else _HIDDEN + lone


def _command(message: _Command) -> Command:
    command_id = message.id or 0
    return admit(command_id, _member(command_id, message))


def _member(command_id: int, message: _Command) -> Command | None:
    """The first member in the order of the schema's field numbers."""
    if (connect := message.connect) is not None:
        return Connect(
            id=command_id,
            token=connect.token or "",
            data=_payload(connect.data),
            subs={channel: _request(request or _Subscribe()) for channel, request in (connect.subs or {}).items()},
            name=connect.name or "",
            version=connect.version or "",
            headers={name: value or "" for name, value in (connect.headers or {}).items()},
        )
    if (subscribe := message.subscribe) is not None:
        required(subscribe.channel or "", "channel")
        return Subscribe(id=command_id, request=_request(subscribe))
    if (unsubscribe := message.unsubscribe) is not None:
        return Unsubscribe(id=command_id, channel=required(unsubscribe.channel or "", "channel"))
    if (publish := message.publish) is not None:
        return Publish(id=command_id, channel=publish.channel or "", data=_payload(publish.data))
    if (presence := message.presence) is not None:
        return Presence(id=command_id, channel=presence.channel or "")
    if (stats := message.presence_stats) is not None:
        return PresenceStats(id=command_id, channel=stats.channel or "")
    if (history := message.history) is not None:
        return History(
            id=command_id,
            channel=history.channel or "",
            limit=history.limit or 0,
            since=_position(history.since),
            reverse=bool(history.reverse),
        )
    if message.ping is not None:
        return Ping(id=command_id)
    if (send := message.send) is not None:
        return Send(data=_payload(send.data))
    if (rpc := message.rpc) is not None:
        return Rpc(id=command_id, method=rpc.method or "", data=_payload(rpc.data))
    if (refresh := message.refresh) is not None:
        return Refresh(id=command_id, token=required(refresh.token or "", "token"))
    if (sub_refresh := message.sub_refresh) is not None:
        channel = required(sub_refresh.channel or "", "channel")
        return SubRefresh(id=command_id, channel=channel, token=sub_refresh.token or "")
    return None


def _request(request: _Subscribe) -> SubscribeRequest:
    return SubscribeRequest(
        channel=request.channel or "",
        token=request.token or "",
        recover=bool(request.recover),
        epoch=request.epoch or "",
        offset=_offset(request.offset),
        data=_payload(request.data),
        positioned=bool(request.positioned),
        recoverable=bool(request.recoverable),
        join_leave=bool(request.join_leave),
        delta=request.delta or "",
        tag_filter=request.tf is not None,
        flag=request.flag or 0,
        type=request.type or 0,
    )


def _position(position: _Position | None) -> StreamPosition | None:
    if position is None:
        return None
    return StreamPosition(offset=_offset(position.offset), epoch=position.epoch or "")


def _offset(offset: int | None) -> int:
    if offset is None:
        return 0
    if offset > _MAX_U64:
        raise ProtocolError("offset is out of range")
    return offset


def _payload(data: Raw) -> bytes:
    text = bytes(data)
    return b"" if text == b"null" else text.replace(_HIDDEN, b"\\")


# --- what clients read -----------------------------------------------------------------------------------------------


def encode_reply(command_id: int, result: Result) -> bytes:
    if type(result) is RpcResult and result.data:  # the answer to nearly every command
        return b'{"id":%d,"rpc":{"data":%b}}' % (command_id, _one_line(result.data))
    return msgspec.json.encode({"id": command_id, RESULT_MEMBERS[type(result)]: present(result, _embed)})


def encode_error(command_id: int, error: ErrorReply) -> bytes:
    return msgspec.json.encode({"id": command_id, "error": present(error, _embed)})


def encode_push(push: Push) -> bytes:
    fields = present(push, _embed)
    del fields["channel"]
    if not isinstance(push, PubPush):
        fields = {"subscribe" if isinstance(push, SubscribePush) else "unsubscribe": fields}
    return msgspec.json.encode({"push": {"channel": push.channel, **fields}})


def publication_frame(channel: str, data: bytes, offset: int, time_ms: int = 0) -> bytes:
    if not data:
        return encode_push(PubPush(channel=channel, pub=Publication(data=data, offset=offset, time=time_ms)))
    place = b',"offset":%d' % offset if offset else b""
    time = b',"time":%d' % time_ms if time_ms else b""
    name = msgspec.json.encode(channel)
    return b'{"push":{"channel":%b,"pub":{"data":%b%b%b}}}' % (name, _one_line(data), place, time)


def join(messages: Sequence[bytes]) -> bytes:
    return b"\n".join(messages)


def merge(messages: Sequence[bytes]) -> list[bytes]:
    return [join(run) for run in frames_of(messages)]


def _embed(data: bytes) -> Raw:
    return Raw(_one_line(data))


def _one_line(data: bytes) -> bytes:
    # Newlines separate messages. In valid JSON one can only stand between tokens, where a space says the same.
    return data.replace(b"\n", b" ")
