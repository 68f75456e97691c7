"""Commands on files: uploaded first, then attached to a message, gone with it.

A record exists before its bytes do. So whatever ends an upload half way, a crash included, leaves a record that says
what has to be removed.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ChannelSid, MediaSid, MessageSid, is_sid, new_sid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import Actor, MediaCategory
from chatcore.ports.blobs import Blobs
from chatcore.ports.clock import Clock
from chatcore.ports.media import MediaTrash
from chatcore.ports.store import Store

from .access import enter_as_member
from .media_rules import key_of, labels
from .services import Services

logger = logging.getLogger(__name__)

UPLOAD_LEASE = timedelta(hours=1)
"""How long one upload to an announced file may take, and so how long a crashed one keeps others from trying."""

UNATTACHED_FOR = timedelta(hours=24)
"""Within this time a file has to be sent with a message."""

REMOVAL_LEASE = timedelta(minutes=5)
"""How long a batch may take to be removed, and how long one waits whose removal failed."""

BATCH = 200
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadDraft:
    """What is known of a file before its bytes are read; as `media_rules` returns it."""

    content_type: str
    filename: str | None = None
    category: MediaCategory = MediaCategory.MEDIA
    multipart: bool = False  # it came as a part of a form


def media_not_found(sid: str) -> ChatError:
    return ChatError(Code.NOT_FOUND, f"Media {sid} was not found")


class Media:
    """One public method is one command. Clients see what they uploaded and what lies in channels they are members of;
    a REST caller sees everything in its service."""

    def __init__(self, store: Store, blobs: Blobs, trash: MediaTrash, services: Services, clock: Clock) -> None:
        self._store = store
        self._blobs = blobs
        self._trash = trash
        self._services = services
        self._clock = clock

    async def check_size(self, actor: Actor, size: int) -> int:
        """The limit in bytes. Raises ChatError: MEDIA_TOO_LARGE, SERVICE_NOT_FOUND."""
        megabytes = (await self._services.settings(actor)).media_size_limit_mb
        if size > megabytes * _MIB:
            raise ChatError(Code.MEDIA_TOO_LARGE, f"The file is larger than {megabytes} MB")
        return megabytes * _MIB

    async def upload(self, actor: Actor, draft: UploadDraft, chunks: AsyncIterator[bytes]) -> MediaFile:
        """Reads `chunks` to the end, or to the service's limit. What they raise leaves no file."""
        limit = await self.check_size(actor, 0)
        file = self._new(actor, draft, size=0)
        await self._insert(file)
        try:
            return await self._store_bytes(file, _Counted(chunks, limit))
        except Exception:
            # A caller that was cancelled cannot wait for this: such a record goes like any that was only announced.
            await self._discard(file)
            raise

    async def announce(self, actor: Actor, draft: UploadDraft, size: int) -> MediaFile:
        """A file whose bytes come later, to `fill`."""
        await self.check_size(actor, size)
        file = self._new(actor, draft, size=size)
        await self._insert(file)
        return file

    async def fill(self, sid: str, chunks: AsyncIterator[bytes]) -> MediaFile:
        """The bytes of an announced file, for whoever holds the link. What goes wrong may be tried again.

        Raises ChatError: NOT_FOUND, CONFLICT where they are there already or on their way, MEDIA_TOO_LARGE and
        INVALID_PARAMETER where they are more or fewer than announced.
        """
        file = await self._announced(sid)
        async with self._store.transaction() as tx:
            if not await tx.media.begin_upload(file.sid, UPLOAD_LEASE):
                raise ChatError(Code.CONFLICT, "Another upload of this file is running")
        try:
            return await self._store_bytes(file, _Counted(chunks, file.size, announced=True))
        except Exception:
            await self._give_up(file)
            raise

    async def check_announced(self, sid: str, size: int | None) -> None:
        """Whether `fill` has a chance with so many bytes (None: unknown); raises what it would raise."""
        _check_announced((await self._announced(sid)).size, size)

    async def get(self, actor: Actor, sid: str) -> MediaFile:
        """Raises ChatError(NOT_FOUND)."""
        (file,) = await self.many(actor, [sid])
        if file is None:
            raise media_not_found(sid)
        return file

    async def many(self, actor: Actor, sids: Sequence[str]) -> list[MediaFile | None]:
        """In the order asked for; None for what the actor may not see or is not there. Two statements at most."""
        wanted = sorted({sid for sid in sids if is_sid("ME", sid)})
        found = await self._store.read.media.many(actor.service_sid, wanted) if wanted else ()
        readable = await self._rooms(actor, found)
        files = {
            file.sid: file
            for file in found
            if file.uploaded_at is not None
            and (actor.identity is None or file.author == actor.identity or file.channel_sid in readable)
        }
        return [files.get(MediaSid(sid)) for sid in sids]

    async def linked(self, sid: str) -> MediaFile:
        """For whoever holds a link to the content. Raises ChatError(NOT_FOUND)."""
        owned = await self._store.read.media.find(sid)
        if owned is None or owned.file.uploaded_at is None:
            raise media_not_found(sid)
        return owned.file

    async def of_message(self, actor: Actor, channel_key: str, key: MessageSid | int) -> MediaFile:
        """The first file of a message that the actor may read. Raises ChatError: MEDIA_NOT_FOUND where it has none."""
        access = await enter_as_member(self._store.read, actor, channel_key)
        message = await self._store.read.messages.get(access.channel.sid, key)
        if message is None:
            raise ChatError(Code.MESSAGE_NOT_FOUND, f"Message {key} was not found")
        file = None
        if message.media:
            file = await self._store.read.media.get(actor.service_sid, message.media[0].sid)
        if file is None:
            raise ChatError(Code.MEDIA_NOT_FOUND, "The message has no media")
        return file

    async def delete(self, actor: Actor, sid: str) -> None:
        """For servers. A message that carries the file goes on saying so."""
        if actor.identity is not None:
            raise ChatError(Code.FORBIDDEN, "Only a server may delete media")
        file = await self.get(actor, sid)
        async with self._store.transaction() as tx:
            await tx.media.delete([file.sid])

    def content(self, file: MediaFile, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` to before `end`. Raises BlobMissing."""
        return self._blobs.read(key_of(file.service_sid, file.sid), start, end)

    async def store_link(self, file: MediaFile, lifetime: timedelta) -> str | None:
        """Where the store itself hands out the content; None where it does not."""
        return await self._blobs.link(key_of(file.service_sid, file.sid), lifetime)

    async def _announced(self, sid: str) -> MediaFile:
        owned = await self._store.read.media.find(sid)
        if owned is None:
            raise media_not_found(sid)
        if owned.file.uploaded_at is not None:
            raise ChatError(Code.CONFLICT, "The file is uploaded already")
        return owned.file

    def _new(self, actor: Actor, draft: UploadDraft, *, size: int) -> MediaFile:
        now = self._clock.now()
        return MediaFile(
            sid=MediaSid(new_sid("ME")),
            service_sid=actor.service_sid,
            author=actor.identity,
            category=draft.category,
            content_type=draft.content_type,
            filename=draft.filename,
            size=size,
            multipart=draft.multipart,
            channel_sid=None,
            message_sid=None,
            message_index=None,
            uploaded_at=None,
            date_created=now,
            date_updated=now,
        )

    async def _store_bytes(self, file: MediaFile, counted: _Counted) -> MediaFile:
        await self._blobs.put(key_of(file.service_sid, file.sid), counted, labels(file))
        now = self._clock.now()
        async with self._store.transaction() as tx:
            kept = await tx.media.finish_upload(file.sid, counted.size, now)
        if not kept:  # deleted while it was coming
            await self._trash.add(file.service_sid, file.sid)
            raise media_not_found(file.sid)
        return replace(file, size=counted.size, uploaded_at=now, date_updated=now)

    async def _insert(self, file: MediaFile) -> None:
        async with self._store.transaction() as tx:
            await tx.media.insert(file)

    async def _discard(self, file: MediaFile) -> None:
        """After a failure, of which the caller is told; that this fails as well delays the removal by a day."""
        try:
            async with self._store.transaction() as tx:
                await tx.media.delete([file.sid])
        except ChatError as error:
            logger.warning("Could not discard a record: %s", error.message, extra={"action": "media_left"})

    async def _give_up(self, file: MediaFile) -> None:
        """After a failure, of which the caller is told; that this fails as well delays the next try by the lease."""
        try:
            async with self._store.transaction() as tx:
                await tx.media.give_up_upload(file.sid)
        except ChatError as error:
            logger.warning("Could not give up an upload: %s", error.message, extra={"action": "media_left"})

    async def _rooms(self, actor: Actor, files: Sequence[MediaFile]) -> set[ChannelSid]:
        """Channels of these files that a client is a member of."""
        identity = actor.identity
        if identity is None:
            return set()
        foreign = {file.channel_sid for file in files if file.author != identity and file.channel_sid is not None}
        if not foreign:
            return set()
        pairs = [(sid, identity) for sid in sorted(foreign)]
        return {sender.channel_sid for sender in await self._store.read.messages.senders(pairs) if sender.member}


class _Counted:
    """Chunks, and how many bytes they were. Stops above `limit`, and at the end where fewer came than announced."""

    def __init__(self, chunks: AsyncIterator[bytes], limit: int, *, announced: bool = False) -> None:
        self._chunks = chunks
        self._limit = limit
        self._announced = announced
        self.size = 0

    def __aiter__(self) -> _Counted:
        return self

    async def __anext__(self) -> bytes:
        chunk = await anext(self._chunks, None)
        if chunk is None:
            if self._announced:
                _check_announced(self._limit, self.size)
            raise StopAsyncIteration
        self.size += len(chunk)
        if self.size > self._limit:
            raise ChatError(Code.MEDIA_TOO_LARGE, f"The file is larger than {self._limit} bytes")
        return chunk


def _check_announced(announced: int, size: int | None) -> None:
    if size is not None and size > announced:
        raise ChatError(Code.MEDIA_TOO_LARGE, f"The file is larger than the {announced} bytes that were announced")
    if size is not None and size < announced:
        raise ChatError(Code.INVALID_PARAMETER, f"The file has {size} bytes, {announced} were announced")


class MediaHousekeeping:
    """Removes for good what nobody can see any more. Any number of workers may do it."""

    def __init__(self, blobs: Blobs, trash: MediaTrash, clock: Clock) -> None:
        self._blobs = blobs
        self._trash = trash
        self._clock = clock

    async def step(self) -> int:
        """Empties the trash, in small batches that each stand for themselves; returns how many files were removed.
        Raises ChatError(UNAVAILABLE) where database or store are away: what is left waits for another step."""
        before = self._clock.now() - UNATTACHED_FOR
        while await self._trash.discard_unattached(before, BATCH) == BATCH:
            pass
        while await self._trash.discard_deleted(BATCH) == BATCH:
            pass
        removed = 0
        while taken := await self._trash.take(BATCH, REMOVAL_LEASE):
            await self._blobs.delete([key_of(entry.service_sid, entry.sid) for entry in taken])
            await self._trash.forget([entry.sid for entry in taken])
            removed += len(taken)
        return removed
