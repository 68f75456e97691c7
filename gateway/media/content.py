"""The bytes of a file as an HTTP answer (RFC 9110): whole, or one range."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator, Mapping
from email.utils import format_datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chatcore.commands.media import Media, media_not_found
from chatcore.commands.media_rules import labels, passive
from chatcore.domain.errors import ChatError
from chatcore.domain.media import MediaFile
from chatcore.ports.blobs import BlobMissing
from gateway.http.errors import INVALID_PARAMETER, HttpError

logger = logging.getLogger(__name__)

SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""For files that could run: no script, and an origin of its own, should a browser open one after all."""

_RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class ContentResponse(Response):
    """Streams what it is given; `content-length` is known beforehand."""

    def __init__(self, status: int, headers: Mapping[str, str], pieces: AsyncIterator[bytes] | None) -> None:
        super().__init__(status_code=status)
        del self.headers["content-length"]
        self.headers.update(headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._pieces is not None:
            try:
                async for piece in self._pieces:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            except (BlobMissing, ChatError):
                # The status is out: a body that is too short is all that is left to say, and the server cuts it off.
                logger.warning("A download broke off", exc_info=True, extra={"action": "media_broken"})
                return
        await send({"type": "http.response.body", "body": b""})


async def answer(media: Media, file: MediaFile, request: Request, *, cache: str) -> Response:
    """`cache` is the value of `Cache-Control`. Raises HttpError(416), and ChatError(NOT_FOUND) where the bytes are
    gone."""
    headers = {
        "content-type": file.content_type,
        "content-disposition": labels(file).content_disposition,
        "accept-ranges": "bytes",
        "last-modified": _modified(file),
        "cache-control": cache,
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "cross-origin",  # it may stand in pages of other origins
    }
    if not passive(file):
        headers["content-security-policy"] = SANDBOX
    part = _range(file, request)
    start, end = part or (0, file.size)
    headers["content-length"] = str(end - start)
    if part is not None:
        headers["content-range"] = f"bytes {start}-{end - 1}/{file.size}"
    pieces = None
    if request.method != "HEAD":
        pieces = await _begun(media, file, start, end)
    return ContentResponse(200 if part is None else 206, headers, pieces)


async def _begun(media: Media, file: MediaFile, start: int, end: int) -> AsyncIterator[bytes]:
    """With the first piece in hand: what is wrong with the store can still be said in a status."""
    pieces = media.content(file, start, end)
    try:
        first = await anext(pieces, b"")
    except BlobMissing:
        logger.error("The bytes of %s are gone", file.sid, extra={"action": "media_missing"})
        raise media_not_found(file.sid) from None
    return _chained(first, pieces)


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _range(file: MediaFile, request: Request) -> tuple[int, int] | None:
    """First byte and end, or None for the whole file: no range, several of them, one that is not understood, or one of
    another version. Raises HttpError(416) for one that begins behind the end."""
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if (
        match is None
        or match.groups() == ("", "")
        or request.headers.get("if-range", _modified(file)) != _modified(file)
    ):
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last) + 1, file.size) if last else file.size
        if last and int(last) < start:
            return None
    else:
        start, end = max(0, file.size - int(last)), file.size
    if start >= end:
        raise HttpError(
            416, INVALID_PARAMETER, "The range is not within the file", {"Content-Range": f"bytes */{file.size}"}
        )
    return start, end


def _modified(file: MediaFile) -> str:
    """Bytes never change, so this is when they came."""
    return format_datetime(file.uploaded_at or file.date_created, usegmt=True)
