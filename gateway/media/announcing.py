"""Files for clients that speak another protocol: they ask there for a link, and bring or fetch the bytes over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chatcore.commands import media_rules
from chatcore.commands.media import UploadDraft
from chatcore.domain.ids import MessageSid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import Actor

from .links import Link, Use
from .room import MediaRoom


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """How to bring the bytes: one request, without credentials."""

    file: MediaFile
    method: str
    link: Link
    headers: Mapping[str, str]


class MediaAnnouncer:
    """`base` is where this server begins for the client: scheme, authority, path."""

    def __init__(self, room: MediaRoom) -> None:
        self._room = room

    async def announce(
        self, actor: Actor, base: str, *, content_type: str, size: int, filename: str | None
    ) -> Announced:
        """Raises ChatError: MEDIA_TYPE_INVALID, MEDIA_TOO_LARGE."""
        draft = UploadDraft(
            content_type=media_rules.content_type(content_type), filename=media_rules.filename(filename)
        )
        file = await self._room.media.announce(actor, draft, size)
        link = self._room.links.make(Use.UPLOAD, file.sid, base)
        return Announced(file=file, method="PUT", link=link, headers={"Content-Type": file.content_type})

    async def link(self, actor: Actor, base: str, channel: str, key: MessageSid | int) -> Link:
        """To the content of a message's first file. Raises ChatError."""
        return await self._room.content_link(await self._room.media.of_message(actor, channel, key), base)
