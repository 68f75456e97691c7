"""Sizes and name rules. Every function returns its argument or raises ChatError; nothing is trimmed or repaired."""

from __future__ import annotations

import json

from .errors import ChatError, Code
from .ids import SYSTEM, is_sid

NAME_CHARS = 256
IDENTITY_CHARS = 256
BODY_BYTES = 32 * 1024
CHANNEL_ATTRIBUTES_BYTES = 16 * 1024
ATTRIBUTES_BYTES = 4 * 1024
ATTRIBUTES_DEPTH = 100
CLIENT_REF_BYTES = 64
TEMPLATE_CHARS = 2048
SOUND_CHARS = 256
LIST_MAX = 100


def clean(name: str, text: str) -> str:
    """PostgreSQL cannot hold NUL and UTF-8 cannot hold a lone surrogate: refuse both wherever text comes in."""
    if "\x00" in text:
        raise ChatError(Code.INVALID_PARAMETER, f"{name} contains a NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ChatError(Code.INVALID_PARAMETER, f"{name} is not valid Unicode text") from None
    return text


def friendly_name(text: str | None) -> str | None:
    if text is not None and len(clean("FriendlyName", text)) > NAME_CHARS:
        raise ChatError(Code.FRIENDLY_NAME_TOO_LONG, f"FriendlyName is longer than {NAME_CHARS} characters")
    return text


def service_name(text: str) -> str:
    if not text:
        raise ChatError(Code.FRIENDLY_NAME_EMPTY, "FriendlyName must not be empty")
    friendly_name(text)
    return text


def unique_name(text: str | None) -> str | None:
    """An empty unique name means none."""
    if not text:
        return None
    if len(clean("UniqueName", text)) > NAME_CHARS:
        raise ChatError(Code.UNIQUE_NAME_TOO_LONG, f"UniqueName is longer than {NAME_CHARS} characters")
    if is_sid("CH", text):
        raise ChatError(Code.UNIQUE_NAME_LOOKS_LIKE_SID, "UniqueName must not look like a channel SID")
    return text


def identity(text: str) -> str:
    if not text:
        raise ChatError(Code.IDENTITY_EMPTY, "Identity must not be empty")
    if len(clean("Identity", text)) > IDENTITY_CHARS:
        raise ChatError(Code.IDENTITY_TOO_LONG, f"Identity is longer than {IDENTITY_CHARS} characters")
    if text == SYSTEM:
        raise ChatError(Code.IDENTITY_RESERVED, f"Identity '{SYSTEM}' is reserved")
    if is_sid("US", text):
        raise ChatError(Code.IDENTITY_LOOKS_LIKE_SID, "Identity must not look like a user SID")
    return text


def author(text: str) -> str:
    if len(clean("From", text)) > IDENTITY_CHARS:
        raise ChatError(Code.AUTHOR_TOO_LONG, f"From is longer than {IDENTITY_CHARS} characters")
    return text


def last_updated_by(text: str) -> str:
    if len(clean("LastUpdatedBy", text)) > IDENTITY_CHARS:
        raise ChatError(Code.LAST_UPDATED_BY_TOO_LONG, f"LastUpdatedBy is longer than {IDENTITY_CHARS} characters")
    return text


def body(text: str) -> str:
    if len(clean("Body", text)) > BODY_BYTES // 4 and len(text.encode()) > BODY_BYTES:
        raise ChatError(Code.BODY_TOO_LONG, f"Body is longer than {BODY_BYTES} bytes")
    return text


def subject(text: str | None) -> str | None:
    if text is not None and len(clean("Subject", text)) > NAME_CHARS:
        raise ChatError(Code.INVALID_PARAMETER, f"Subject is longer than {NAME_CHARS} characters")
    return text


def attributes(text: str, limit: int = ATTRIBUTES_BYTES) -> str:
    """JSON text of at most `limit` bytes, kept exactly as given. Nesting is bounded because most of its readers, here
    and in clients, recurse."""
    if len(clean("Attributes", text).encode()) > limit:
        raise ChatError(Code.ATTRIBUTES_TOO_LONG, f"Attributes are longer than {limit} bytes")
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=_any, parse_float=_any)
    except (ValueError, RecursionError):
        raise ChatError(Code.ATTRIBUTES_INVALID, "Attributes are not valid JSON") from None
    if text.count("[") + text.count("{") > ATTRIBUTES_DEPTH and _deeper(value, ATTRIBUTES_DEPTH):
        raise ChatError(Code.ATTRIBUTES_INVALID, f"Attributes are nested deeper than {ATTRIBUTES_DEPTH} levels")
    if "\\u" in text:  # an escape may hide a lone surrogate, which no other encoder downstream could write
        clean("Attributes", json.dumps(value, ensure_ascii=False))
    return text


def channel_attributes(text: str) -> str:
    return attributes(text, CHANNEL_ATTRIBUTES_BYTES)


def client_ref(text: str) -> str:
    if not 1 <= len(clean("client_ref", text).encode()) <= CLIENT_REF_BYTES:
        raise ChatError(Code.INVALID_PARAMETER, f"client_ref must have 1 to {CLIENT_REF_BYTES} bytes")
    return text


def _deeper(value: object, levels: int) -> bool:
    """Whether arrays and objects are nested in more than that many levels."""
    level = [value]
    for _ in range(levels + 1):
        below: list[object] = []
        for item in level:
            if isinstance(item, list):
                below += item or ("",)
            elif isinstance(item, dict):
                below += item.values() or ("",)
        if not below:
            return False
        level = below
    return True


def _refuse_constant(text: str) -> float:
    raise ValueError(text)  # NaN and Infinity are not JSON


def _any(text: str) -> str:
    return text  # numbers are never interpreted, so their length costs nothing
