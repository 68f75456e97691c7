"""Records of files, as the database keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from chatcore.domain.ids import AccountSid, MediaSid, ServiceSid
from chatcore.domain.media import MediaFile


@dataclass(frozen=True, slots=True)
class Owned:
    """A record, and the account whose service it belongs to."""

    file: MediaFile
    account_sid: AccountSid


class MediaFiles(Protocol):
    """Files of a deleted channel answer as absent at once."""

    async def insert(self, file: MediaFile) -> None: ...

    async def get(self, service_sid: ServiceSid, sid: str) -> MediaFile | None: ...

    async def find(self, sid: str) -> Owned | None:
        """By SID alone, for callers whose link already names the file. None also where the service is deleted."""
        ...

    async def many(self, service_sid: ServiceSid, sids: Sequence[str], *, lock: bool = False) -> Sequence[MediaFile]:
        """Those that exist, in ascending order of SID; with `lock` nobody else attaches them before the commit, and
        files of deleted channels are told of as well."""
        ...

    async def update(self, file: MediaFile) -> None: ...

    async def begin_upload(self, sid: MediaSid, lease: timedelta) -> bool:
        """Whether the caller is the one to bring the bytes of an announced file; for that time nobody else is."""
        ...

    async def give_up_upload(self, sid: MediaSid) -> None:
        """Somebody else may begin."""
        ...

    async def finish_upload(self, sid: MediaSid, size: int, at: datetime) -> bool:
        """The bytes are stored. False when the record was deleted meanwhile, or had been complete already."""
        ...

    async def delete(self, sids: Sequence[str]) -> None:
        """Their bytes go to the trash with the commit."""
        ...


@dataclass(frozen=True, slots=True)
class Discarded:
    """A file without a record, whose bytes may still be there."""

    service_sid: ServiceSid
    sid: MediaSid


class MediaTrash(Protocol):
    """What waits to be removed for good. Several processes may work on it: each entry is given to one at a time."""

    async def add(self, service_sid: ServiceSid, sid: MediaSid) -> None:
        """For bytes that were stored when their record was already gone."""
        ...

    async def discard_unattached(self, before: datetime, limit: int) -> int:
        """Discards files that no message refers to and that are older; returns how many, at most `limit`."""
        ...

    async def discard_deleted(self, limit: int) -> int:
        """Discards files of deleted channels and services; returns how many. Below `limit` there are no more."""
        ...

    async def take(self, limit: int, lease: timedelta) -> Sequence[Discarded]:
        """Entries whose bytes the caller is to remove; they come again after the lease unless forgotten."""
        ...

    async def forget(self, sids: Sequence[MediaSid]) -> None:
        """Their bytes are gone."""
        ...
