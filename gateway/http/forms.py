"""Parameters of a request: form bodies and query strings, with the rules of the Twilio REST API.

Absent (`UNSET`) and empty differ: absent leaves things alone, empty clears. Names are case-sensitive; unknown ones
are never looked at, not even for broken text. Of a repeated scalar the last one wins; lists repeat their name.
A getter raises HttpError(400) with the code it was given, or ChatError(INVALID_PARAMETER) for broken text. Parameters
are checked when they are read, so a handler reads them in the order in which it wants them reported.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from chatcore.domain import limits
from chatcore.domain.model import UNSET, Unset

from .errors import INVALID_PARAMETER, HttpError, missing_parameter
from .multipart import parse_multipart

MAX_BODY = 1024 * 1024
"""Bytes of a form body."""

MAX_FIELDS = 1000

BODY_TIME = 30.0
"""Seconds in which a form body has to arrive."""

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII)
_BEGINNING = datetime.min.replace(tzinfo=UTC)  # stands for minus infinity in the driver of PostgreSQL
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

E = TypeVar("E", bound=StrEnum)


class Form:
    """The parameters of one request, as given."""

    __slots__ = ("_fields",)

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def pairs(self, names: Collection[str]) -> list[tuple[str, str]]:
        """What was given for these names, in order of first appearance."""
        return [(name, self._clean(name, v)) for name in self._fields if name in names for v in self._fields[name]]

    def text(self, name: str, *, limit: int | None = None, code: int = INVALID_PARAMETER) -> str | Unset:
        """`limit` in characters, refused with `code`."""
        values = self._fields.get(name)
        if values is None:
            return UNSET
        value = self._clean(name, values[-1])
        if limit is not None and len(value) > limit:
            raise HttpError(400, code, f"{name} is longer than {limit} characters")
        return value

    def text_or_none(self, name: str, *, limit: int | None = None, code: int = INVALID_PARAMETER) -> str | Unset | None:
        """Empty is None."""
        value = self.text(name, limit=limit, code=code)
        return None if value == "" else value

    def required(self, name: str, *, code: int = INVALID_PARAMETER) -> str:
        """Absent is an error with `code`; empty is not."""
        value = self.text(name)
        if isinstance(value, Unset):
            raise missing_parameter(name, code)
        return value

    def require(self, *names: str) -> None:
        """All missing-parameter errors come before any error of format."""
        for name in names:
            if name not in self._fields:
                raise missing_parameter(name)

    def boolean(self, name: str) -> bool | Unset:
        value = self.text(name)
        if isinstance(value, Unset):
            return value
        match value.lower():
            case "true":
                return True
            case "false":
                return False
        raise HttpError(400, INVALID_PARAMETER, f"{name} must be true or false")

    def integer(
        self, name: str, *, code: int = INVALID_PARAMETER, low: int | None = None, high: int | None = None
    ) -> int | Unset:
        """Within `low` and `high`, both included; within 64 bits where they are not given."""
        value = self.text(name)
        if isinstance(value, Unset):
            return value
        number = int(value) if _INTEGER.fullmatch(value) else None
        least, most = -(2**63) if low is None else low, 2**63 - 1 if high is None else high
        if number is None or not least <= number <= most:
            raise HttpError(400, code, f"{name} must be an integer{_bounds(low, high)}")
        return number

    def integer_or_none(
        self, name: str, *, code: int = INVALID_PARAMETER, low: int | None = None, high: int | None = None
    ) -> int | Unset | None:
        """Empty is None."""
        return None if self.text(name) == "" else self.integer(name, code=code, low=low, high=high)

    def date_time(self, name: str, *, code: int = INVALID_PARAMETER) -> datetime | Unset:
        """ISO 8601 with a time of day; UTC where no offset is given. Cut to whole milliseconds."""
        value = self.text(name)
        if isinstance(value, Unset):
            return value
        moment = parse_datetime(value)
        if moment is None:
            raise HttpError(400, code, f"{name} must be an ISO 8601 date-time such as 2015-07-30T20:00:00Z")
        return moment

    def date_time_or_none(self, name: str, *, code: int = INVALID_PARAMETER) -> datetime | Unset | None:
        """Empty is None."""
        return None if self.text(name) == "" else self.date_time(name, code=code)

    def date_or_time(self, name: str, *, code: int = INVALID_PARAMETER) -> date | datetime | Unset:
        """A bare `date` stays one: what it stands for depends on which end of a range it is."""
        value = self.text(name)
        if isinstance(value, str) and _DATE.fullmatch(value):
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise HttpError(400, code, f"{name} is not a date") from None
        return self.date_time(name, code=code)

    def attributes(self, name: str = "Attributes", *, limit: int = limits.ATTRIBUTES_BYTES) -> str | Unset:
        """JSON text of at most `limit` bytes, kept as given. Raises ChatError: 50303 too long, 50304 not JSON."""
        value = self.text(name)
        return value if isinstance(value, Unset) else limits.attributes(value, limit)

    def texts(self, name: str) -> tuple[str, ...] | Unset:
        """Every occurrence, in order; never split. A single empty one is the empty list."""
        values = self._fields.get(name)
        if values is None:
            return UNSET
        return () if values == [""] else tuple(self._clean(name, value) for value in values)

    def enum(self, name: str, values: type[E], *, code: int = INVALID_PARAMETER, any_case: bool = False) -> E | Unset:
        """A member of `values` by its value."""
        value = self.text(name)
        if isinstance(value, Unset):
            return value
        for member in values:
            if member.value == value or (any_case and member.value.lower() == value.lower()):
                return member
        raise HttpError(400, code, f"{name} must be one of {', '.join(values)}")

    def _clean(self, name: str, value: str) -> str:
        # Bytes that are not UTF-8 were read as lone surrogates (PEP 383), so one check finds both.
        return limits.clean(name, value)


def parse_datetime(text: str) -> datetime | None:
    """See Form.date_time; None when it is not one."""
    match = _DATETIME.fullmatch(text)
    if match is None:
        return None
    day, time, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(f"{day}T{time}{(offset or 'Z').upper()}")
        moment = moment.astimezone(UTC).replace(microsecond=int((fraction or "")[:3].ljust(3, "0")) * 1000)
    except (ValueError, OverflowError):
        return None
    return None if moment == _BEGINNING else moment


def parse_query(query: bytes) -> Form:
    """A query string. Raises HttpError(400) for more than MAX_FIELDS fields."""
    return Form(_pairs(query))


def parse_body(content_type: str, body: bytes) -> Form:
    """A form body. Any other content, JSON above all, has no parameters.

    Raises HttpError(400): a multipart body that cannot be parsed, or more than MAX_FIELDS fields.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return Form(_pairs(body))
    if kind == "multipart/form-data":
        return Form(parse_multipart(content_type, body, MAX_FIELDS))
    return Form()


async def read_form(request: Request) -> Form:
    """The form in the body of a request. Raises HttpError(413) above MAX_BODY, without reading further, and 408."""
    content_type = request.headers.get("content-type", "")
    return parse_body(content_type, await read_body(request, MAX_BODY))


async def read_body(request: Request, limit: int) -> bytes:
    """Raises HttpError: 413 above `limit` bytes, 408 when they do not come within BODY_TIME, 400 if the client goes."""
    announced = request.headers.get("content-length", "0")
    too_large = HttpError(413, INVALID_PARAMETER, f"Request body is larger than {limit} bytes")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > limit:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIME):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise too_large
    except ClientDisconnect:
        raise HttpError(400, INVALID_PARAMETER, "The body was cut off") from None
    except TimeoutError:
        raise HttpError(408, INVALID_PARAMETER, f"The body did not arrive within {BODY_TIME:g} seconds") from None
    return bytes(body)


def _pairs(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            text.decode("utf-8", "surrogateescape"),
            keep_blank_values=True,
            errors="surrogateescape",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise HttpError(400, INVALID_PARAMETER, f"More than {MAX_FIELDS} parameters") from None


def _bounds(low: int | None, high: int | None) -> str:
    if low is None and high is None:
        return ""
    return f" of at least {low}" if high is None else f" of at most {high}" if low is None else f" from {low} to {high}"
