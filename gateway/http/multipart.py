"""`multipart/form-data` (RFC 7578), plain fields only."""

from __future__ import annotations

from dataclasses import dataclass, field

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from .errors import INVALID_PARAMETER, HttpError

MAX_CONTENT_TYPE = 1024
"""Characters. The time to parse one grows with the square of its length: seconds for 32 KiB of semicolons."""


@dataclass(slots=True)
class _Part:
    headers: dict[bytes, bytes] = field(default_factory=dict)  # lower-case names
    header_name: bytearray = field(default_factory=bytearray)
    header_value: bytearray = field(default_factory=bytearray)
    data: bytearray = field(default_factory=bytearray)


class _Collector:
    """Receives the parser's callbacks."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._part = _Part()
        self.pairs: list[tuple[str, str]] = []
        self.ended = False

    def part_begin(self) -> None:
        self._part = _Part()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._part.header_name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._part.header_value += data[start:end]

    def header_end(self) -> None:
        part = self._part
        part.headers[bytes(part.header_name).lower()] = bytes(part.header_value)
        part.header_name, part.header_value = bytearray(), bytearray()

    def part_data(self, data: bytes, start: int, end: int) -> None:
        self._part.data += data[start:end]

    def part_end(self) -> None:
        disposition, options = parse_options_header(self._part.headers.get(b"content-disposition", b""))
        name = options.get(b"name")
        if disposition != b"form-data" or name is None or b"filename" in options:
            return  # files are not parameters
        if len(self.pairs) >= self._limit:
            raise HttpError(400, INVALID_PARAMETER, f"More than {self._limit} parameters")
        self.pairs.append((_text(name), _text(bytes(self._part.data))))

    def end(self) -> None:
        self.ended = True


def parse_multipart(content_type: str, body: bytes, limit: int) -> list[tuple[str, str]]:
    """Names and values of at most `limit` fields, in order. Bytes that are not UTF-8 become lone surrogates (PEP 383).

    Raises HttpError(400).
    """
    malformed = HttpError(400, INVALID_PARAMETER, "Malformed multipart/form-data body")
    if len(content_type) > MAX_CONTENT_TYPE:
        raise malformed
    boundary = parse_options_header(content_type.encode("latin-1", "replace"))[1].get(b"boundary")
    if not boundary:
        raise malformed
    collector = _Collector(limit)
    try:
        parser = MultipartParser(
            boundary,
            callbacks={
                "on_part_begin": collector.part_begin,
                "on_header_field": collector.header_field,
                "on_header_value": collector.header_value,
                "on_header_end": collector.header_end,
                "on_part_data": collector.part_data,
                "on_part_end": collector.part_end,
                "on_end": collector.end,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise malformed from None
    if not collector.ended:
        raise malformed
    return collector.pairs


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
