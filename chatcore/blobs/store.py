"""Files in an object store, through `obstore`: its calls run on threads of its own, never on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, S3Store, from_url

from chatcore.domain.errors import ChatError, Code
from chatcore.ports.blobs import BlobHeaders, BlobMissing

from .address import Bucket, Folder, Links, parse

if TYPE_CHECKING:
    from obstore import AsyncWritableFile
    from obstore.store import ObjectStore, RetryConfig

logger = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds that one call to the store may take, its own retries included."""

ABORT_PATIENCE = 10.0
DELETES = 10  # at a time

_KEY = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)*", re.ASCII)
_RETRY: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=45)}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pace:
    """Bytes held in memory at a time: `part` × (`parts` + 1) for an upload, `piece` for a download."""

    part: int
    parts: int
    piece: int


_LOCAL = _Pace(part=1024 * 1024, parts=1, piece=512 * 1024)
_REMOTE = _Pace(part=5 * 1024 * 1024, parts=2, piece=4 * 1024 * 1024)  # S3 takes no smaller parts; a request is dear


class ObjectBlobs:
    """Satisfies `ports.blobs.Blobs`."""

    def __init__(self, store: ObjectStore, *, folder: Path | None = None, links: Links = Links.GATEWAY) -> None:
        """`folder` where the store is one."""
        self._store = store
        self._folder = folder
        self._pace = _REMOTE if folder is None else _LOCAL
        self._links = links

    @classmethod
    async def open(cls, url: str) -> Self:
        """By `CHAT_MEDIA_URL`. A folder is created, for its owner only. A bucket is not looked at; its vendor's usual
        variables say who may use it (`AWS_ACCESS_KEY_ID`, `GOOGLE_APPLICATION_CREDENTIALS`, …).

        Raises ChatError(UNAVAILABLE) saying what is wrong.
        """
        try:
            address = parse(url)
            if isinstance(address, Folder):
                await asyncio.to_thread(address.path.mkdir, 0o700, parents=True, exist_ok=True)
                return cls.of_folder(address.path)
            return cls(_bucket(address), links=address.links)
        except (ValueError, OSError, BaseError) as error:
            raise ChatError(Code.UNAVAILABLE, f"CHAT_MEDIA_URL: {str(error).partition(chr(10))[0]}") from error

    @classmethod
    def of_folder(cls, path: Path) -> Self:
        """One that exists."""
        return cls(LocalStore(path), folder=path)

    async def put(self, key: str, chunks: AsyncIterator[bytes], headers: BlobHeaders) -> None:
        labels = {"Content-Type": headers.content_type, "Content-Disposition": headers.content_disposition}
        writer = obstore.open_writer_async(
            self._store,
            _checked(key),
            attributes=None if self._folder else labels,  # a folder has no place for them
            buffer_size=self._pace.part,
            max_concurrency=self._pace.parts,
        )
        try:
            async for chunk in chunks:
                await _call(writer.write(chunk))
            await _call(writer.close())
        except BaseException:
            await _abort(writer)
            raise
        if self._folder is not None:
            await _call(asyncio.to_thread(_sync, self._folder / key))

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        at = start
        while at < end:
            reading = obstore.get_range_async(self._store, _checked(key), start=at, end=min(at + self._pace.piece, end))
            try:
                piece = bytes(await _call(reading))
            except FileNotFoundError:
                raise BlobMissing(key) from None
            if not piece:
                raise BlobMissing(key)
            yield piece
            at += len(piece)

    async def delete(self, keys: Sequence[str]) -> None:
        checked = [_checked(key) for key in keys]
        if self._folder is None and checked:
            with contextlib.suppress(FileNotFoundError):  # of one, and nothing is said of the others
                await _call(obstore.delete_async(self._store, checked))
                return
        for at in range(0, len(checked), DELETES):
            await asyncio.gather(*(self._delete(key) for key in checked[at : at + DELETES]))

    async def _delete(self, key: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            await _call(obstore.delete_async(self._store, key))
        if self._folder is not None:
            await _call(asyncio.to_thread(_remove_parts, self._folder / key))

    async def link(self, key: str, lifetime: timedelta) -> str | None:
        if self._links is Links.GATEWAY or not isinstance(self._store, S3Store | GCSStore | AzureStore):
            return None
        try:
            return await _call(obstore.sign_async(self._store, "GET", _checked(key), lifetime))
        except ChatError:
            # Credentials that can read and write cannot always sign; the gateway's own links serve as well.
            logger.warning("The media store does not sign links", exc_info=True, extra={"action": "media_unsigned"})
            return None


def _bucket(address: Bucket) -> ObjectStore:
    # Options of the HTTP client would replace those of the environment (AWS_ALLOW_HTTP and the like); its own time
    # limits, 5 s to connect and 30 s for a request, suit pieces of this size.
    store: ObjectStore = from_url(address.url, retry_config=_RETRY)
    return store


def _checked(key: str) -> str:
    """Keys are made of SIDs, so anything else is a mistake of ours; what would climb out of the folder is anything
    else."""
    if not _KEY.fullmatch(key):
        raise ValueError("not a key of the media store")
    return key


async def _call(call: Awaitable[T]) -> T:
    """Raises FileNotFoundError as it is, whatever else the store raises as ChatError(UNAVAILABLE)."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await call
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:  # TimeoutError is an OSError
        raise ChatError(Code.UNAVAILABLE, "The media store is not available") from error


async def _abort(writer: AsyncWritableFile) -> None:
    """Removes what was written. What cannot be removed now is left to the bucket's own rules for unfinished uploads."""
    with contextlib.suppress(BaseError, OSError):
        async with asyncio.timeout(ABORT_PATIENCE):
            await writer.__aexit__(Exception, None, None)


def _remove_parts(path: Path) -> None:
    """What a process that died left of an upload: files are written beside their place, then renamed."""
    for part in path.parent.glob(f"{path.name}#*"):
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """The file and its name survive a power failure."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
