"""The file in the body of a request: raw bytes, or the one file of a form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.requests import Request

from chatcore.commands import media_rules
from chatcore.commands.media import UploadDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import UNSET, MediaCategory, given
from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.forms import parse_query

from .multipart import OVERHEAD_BYTES, FilePart

STALL_SECONDS = 60.0
"""How long a client may send nothing of a body that it has begun."""


@dataclass(frozen=True, slots=True)
class Upload:
    draft: UploadDraft
    chunks: AsyncIterator[bytes]


def is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == "multipart/form-data"


def announced_size(request: Request) -> int:
    """What the file has at least, as far as the headers tell; 0 where they do not."""
    length = request.headers.get("content-length", "")
    size = int(length) if length.isdecimal() and len(length) < 20 else 0
    return max(0, size - OVERHEAD_BYTES) if is_form(request) else size


async def read_upload(request: Request) -> Upload:
    """Reads as far as the file begins. What the query says goes before what a form says.

    Raises HttpError(400) for parameters and malformed forms, ChatError(MEDIA_TYPE_INVALID).
    """
    query = parse_query(request.scope.get("query_string", b""))
    name = given(query.text("Filename"), "") or None
    category = UNSET if query.text("Category") == "" else query.enum("Category", MediaCategory)
    chunks = body(request)
    kind = request.headers.get("content-type", "")
    if is_form(request):
        part = FilePart(kind, chunks)
        head = await part.head()
        kind, name, chunks = head.content_type, name or head.filename, part.chunks()
    draft = UploadDraft(
        content_type=media_rules.content_type(kind),
        filename=media_rules.filename(name),
        category=given(category, MediaCategory.MEDIA),
        multipart=is_form(request),
    )
    return Upload(draft, chunks)


async def body(request: Request) -> AsyncIterator[bytes]:
    """Raises ClientDisconnect, and HttpError(408) for a client that stalls."""
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise HttpError(408, INVALID_PARAMETER, f"Nothing came for {STALL_SECONDS:g} seconds") from None
        if chunk is None:
            return
        if chunk:
            yield chunk


def too_large(error: ChatError) -> ChatError | HttpError:
    """Here a file that is too large is a body that is too large."""
    return HttpError(413, error.code, error.message) if error.code is Code.MEDIA_TOO_LARGE else error
