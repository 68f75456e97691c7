"""Records of files, as the database keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatcore.domain.ids import ServiceSid
from chatcore.domain.media import MediaFile


class MediaFiles(Protocol):
    async def insert(self, file: MediaFile) -> None: ...

    async def get(self, service_sid: ServiceSid, sid: str) -> MediaFile | None: ...

    async def many(self, service_sid: ServiceSid, sids: Sequence[str], *, lock: bool = False) -> Sequence[MediaFile]:
        """Those that exist, in ascending order of SID; with `lock` nobody else attaches them before the commit."""
        ...

    async def update(self, file: MediaFile) -> None: ...

    async def delete(self, sids: Sequence[str]) -> None: ...
