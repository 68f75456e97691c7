"""RPC methods on files. Bytes never come through the socket: clients are told where to bring and where to find them."""

from __future__ import annotations

import msgspec

from chatcore.domain import serial
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import MessageSid

from . import params as p
from .room_services import MediaAnnouncer, RoomServices
from .session import Session

SIZE_MAX = 2**53 - 1  # the largest number that every client can write


async def create(services: RoomServices, session: Session, params: p.MediaCreate) -> str:
    size = p.in_range("size", params.size, 0, SIZE_MAX)
    media = _media(services)
    await services.chat.users.get(session.actor, session.user_sid)  # a file needs no room, so nothing else asks for it
    announced = await media.announce(
        session.actor, services.base, content_type=params.content_type, size=size, filename=params.filename
    )
    upload = {
        "method": announced.method,
        "url": announced.link.url,
        "headers": announced.headers,
        "expires_at": serial.date(announced.link.expires_at),
    }
    return f'{{"media":{serial.media(announced.file.media)},"upload":{_json(upload)}}}'


async def url(services: RoomServices, session: Session, params: p.OfMessage) -> str:
    """Of the message's first file."""
    key = p.message_key(params)
    link = await _media(services).link(
        session.actor, services.base, params.channel, key if isinstance(key, int) else MessageSid(key)
    )
    return _json({"url": link.url, "expires_at": serial.date(link.expires_at)})


def _media(services: RoomServices) -> MediaAnnouncer:
    if services.media is None:
        raise ChatError(Code.UNAVAILABLE, "This node has no media store")
    return services.media


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
