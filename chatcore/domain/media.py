"""Files that messages carry: their records. The bytes lie in an object store, under the SID."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .ids import ChannelSid, Identity, MediaSid, MessageSid, ServiceSid
from .model import Media, MediaCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """`size` in bytes. Attached to one message at most, once; unattached ones go after a day."""

    sid: MediaSid
    service_sid: ServiceSid
    author: Identity | None  # None: uploaded by a server
    category: MediaCategory
    content_type: str
    filename: str | None
    size: int
    multipart: bool
    channel_sid: ChannelSid | None
    message_sid: MessageSid | None
    message_index: int | None
    uploaded_at: datetime | None  # None: announced, the bytes are still to come
    date_created: datetime
    date_updated: datetime

    @property
    def media(self) -> Media:
        """As the message shows it."""
        return Media(
            sid=self.sid, content_type=self.content_type, filename=self.filename, size=self.size, category=self.category
        )
