"""One file out of a `multipart/form-data` body (RFC 7578), handed on as it comes in."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.multipart import MAX_CONTENT_TYPE

FIELD_BYTES = 64 * 1024  # of everything that is not the file
OVERHEAD_BYTES = FIELD_BYTES + 32 * 1024
"""By how much a body may be larger than its file: fields, headers, boundaries."""

_EXTENDED_NAME = re.compile(rb"filename\*=utf-8'[^']*'([^;\s]+)", re.IGNORECASE)  # RFC 5987; some libraries write it


@dataclass(frozen=True, slots=True)
class PartHead:
    """What the part says of its file. `filename` holds lone surrogates where it is not UTF-8 (PEP 383)."""

    content_type: str
    filename: str | None


class FilePart:
    """The first part that is a file; plain fields around it are skipped. `head`, then `chunks` to the end."""

    def __init__(self, content_type: str, body: AsyncIterator[bytes]) -> None:
        """Raises HttpError(400) without a boundary."""
        if len(content_type) > MAX_CONTENT_TYPE:
            raise _malformed()
        boundary = parse_options_header(content_type.encode("latin-1", "replace"))[1].get(b"boundary")
        if not boundary:
            raise _malformed()
        self._body = body
        self._state = _State()
        try:
            self._parser = MultipartParser(
                boundary,
                callbacks={
                    "on_part_begin": self._state.part_begin,
                    "on_header_field": self._state.header_field,
                    "on_header_value": self._state.header_value,
                    "on_header_end": self._state.header_end,
                    "on_headers_finished": self._state.headers_finished,
                    "on_part_data": self._state.part_data,
                    "on_part_end": self._state.part_end,
                    "on_end": self._state.end,
                },
            )
        except FormParserError:
            raise _malformed() from None

    async def head(self) -> PartHead:
        """Raises HttpError(400): no file, or malformed."""
        while self._state.head is None:
            if not await self._read():
                raise HttpError(400, INVALID_PARAMETER, "The form has no file")
        return self._state.head

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises HttpError(400): malformed, cut off, or a second file."""
        state = self._state
        while True:
            while state.data:
                yield state.data.popleft()
            if not await self._read():
                return

    async def _read(self) -> bool:
        """Parses some more of the body; False at its end."""
        try:
            chunk = await anext(self._body, None)
            if chunk is None:
                if not self._state.ended:
                    raise _malformed()
                return False
            self._parser.write(chunk)
        except FormParserError:
            raise _malformed() from None
        return True


class _State:
    """Receives the callbacks of the parser, which bounds headers itself. `data` holds what is parsed and not handed on:
    at most one read of the body."""

    def __init__(self) -> None:
        self.head: PartHead | None = None
        self.data: deque[bytes] = deque()
        self.ended = False
        self._in_file = False
        self._headers: dict[bytes, bytes] = {}  # of the part that is read; lower-case names
        self._name = bytearray()
        self._value = bytearray()
        self._field_bytes = 0

    def part_begin(self) -> None:
        self._headers = {}

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def headers_finished(self) -> None:
        head = _file_head(self._headers)
        if head is None:
            return
        if self.head is not None:
            raise HttpError(400, INVALID_PARAMETER, "The form has more than one file")
        self.head, self._in_file = head, True

    def part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.data.append(data[start:end])
            return
        self._field_bytes += end - start
        if self._field_bytes > FIELD_BYTES:
            raise HttpError(400, INVALID_PARAMETER, f"The form's fields are larger than {FIELD_BYTES} bytes")

    def part_end(self) -> None:
        self._in_file = False

    def end(self) -> None:
        self.ended = True


def _file_head(headers: dict[bytes, bytes]) -> PartHead | None:
    """None for a plain field. A part with a content type is a file even where it has no name."""
    disposition = headers.get(b"content-disposition", b"")
    kind, options = parse_options_header(disposition)
    extended = _EXTENDED_NAME.search(disposition)
    plain = options.get(b"filename")
    if kind != b"form-data" or (extended is None and plain is None and b"content-type" not in headers):
        return None
    name = None
    if extended is not None:
        name = unquote(extended[1].decode("ascii", "replace"), errors="surrogateescape")
    elif plain is not None:
        # RFC 7578 section 4.2 and the WHATWG: bytes are UTF-8, and quotes and line breaks are percent-encoded.
        name = plain.decode("utf-8", "surrogateescape").replace("%22", '"').replace("%0D", "").replace("%0A", "")
    return PartHead(headers.get(b"content-type", b"").decode("latin-1"), name)


def _malformed() -> HttpError:
    return HttpError(400, INVALID_PARAMETER, "Malformed multipart/form-data body")
