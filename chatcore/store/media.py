"""Records of files as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from chatcore.domain.ids import MediaSid, ServiceSid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import MediaCategory
from chatcore.ports.media import Owned

from .queries import load
from .session import Row, Session

_SQL = load("media")


def file_from(row: Row) -> MediaFile:
    return MediaFile(
        sid=row["sid"],
        service_sid=row["service_sid"],
        author=row["author"],
        category=MediaCategory(row["category"]),
        content_type=row["content_type"],
        filename=row["filename"],
        size=row["size"],
        multipart=row["multipart"],
        channel_sid=row["channel_sid"],
        message_sid=row["message_sid"],
        message_index=row["message_index"],
        uploaded_at=row["uploaded_at"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


class MediaFiles:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, file: MediaFile) -> None:
        await self._session.run(
            _SQL["insert"],
            file.sid,
            file.service_sid,
            file.author,
            file.category.value,
            file.content_type,
            file.filename,
            file.size,
            file.multipart,
            file.channel_sid,
            file.message_sid,
            file.message_index,
            file.uploaded_at,
            file.date_created,
            file.date_updated,
        )

    async def get(self, service_sid: ServiceSid, sid: str) -> MediaFile | None:
        row = await self._session.row(_SQL["by_sid"], service_sid, sid)
        return file_from(row) if row is not None else None

    async def find(self, sid: str) -> Owned | None:
        row = await self._session.row(_SQL["find"], sid)
        return Owned(file_from(row), row["account_sid"]) if row is not None else None

    async def many(self, service_sid: ServiceSid, sids: Sequence[str], *, lock: bool = False) -> Sequence[MediaFile]:
        rows = await self._session.rows(_SQL["lock_many" if lock else "many"], service_sid, sids)
        return [file_from(row) for row in rows]

    async def update(self, file: MediaFile) -> None:
        await self._session.run(
            _SQL["update"],
            file.sid,
            file.content_type,
            file.filename,
            file.size,
            file.channel_sid,
            file.message_sid,
            file.message_index,
            file.uploaded_at,
            file.date_updated,
        )

    async def begin_upload(self, sid: MediaSid, lease: timedelta) -> bool:
        return await self._session.row(_SQL["begin_upload"], sid, lease.total_seconds()) is not None

    async def give_up_upload(self, sid: MediaSid) -> None:
        await self._session.run(_SQL["give_up_upload"], sid)

    async def finish_upload(self, sid: MediaSid, size: int, at: datetime) -> bool:
        return await self._session.row(_SQL["finish_upload"], sid, size, at) is not None

    async def delete(self, sids: Sequence[str]) -> None:
        await self._session.run(_SQL["delete"], sids)
