"""What one message costs before it meets a socket: serialising, encoding, framing, decoding a send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from chatcore.domain import serial
from chatcore.domain.events import EventType
from chatcore.domain.ids import ChannelSid, MessageSid, ServiceSid, new_sid
from chatcore.domain.model import Message
from gateway.centrifuge import codec_json, codec_protobuf
from gateway.sockets.frames import frame

_SEND = (
    b'{"id":7,"rpc":{"method":"message.send","data":{"channel":"CH0123456789abcdef0123456789abcdef","body":"'
    + b"x" * 40
    + b'"}}}'
)


def a_message() -> Message:
    now = datetime.now(UTC)
    return Message(
        sid=MessageSid(new_sid("IM")),
        channel_sid=ChannelSid(new_sid("CH")),
        service_sid=ServiceSid(new_sid("IS")),
        index=100,
        author="reader-1",
        body="x" * 40,
        media=(),
        attributes="{}",
        was_edited=False,
        last_updated_by=None,
        client_ref=None,
        date_created=now,
        date_updated=now,
        rev=101,
        created_rev=101,
    )


def payload(message: Message) -> bytes:
    return serial.event(
        EventType.MESSAGE_ADDED,
        at=message.date_created,
        by=message.author,
        channel_sid=message.channel_sid,
        message=serial.message(message),
    )


def cases() -> dict[str, Callable[[], object]]:
    message = a_message()
    data = payload(message)
    channel = f"chat:{message.channel_sid}"
    publication = codec_json.publication_frame(channel, data, 101)
    return {
        "serialise message.added": partial(payload, message),
        "publication, JSON": partial(codec_json.publication_frame, channel, data, 101),
        "publication, Protobuf": partial(codec_protobuf.publication_frame, channel, data, 101),
        f"frame of {len(publication)} bytes": partial(frame, publication, True),
        "decode message.send, JSON": lambda: list(codec_json.decode(_SEND)),
    }
