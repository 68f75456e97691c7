"""What files may say of themselves, and how they are labelled when they are handed out."""

from __future__ import annotations

import re
from urllib.parse import quote

from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import MediaSid, ServiceSid
from chatcore.domain.media import MediaFile
from chatcore.ports.blobs import BlobHeaders

UNNAMED_TYPE = "application/octet-stream"
ENDING_CHARS = 16

_TOKEN = r"[!#$%&'+.^_`|~0-9A-Za-z-]+"  # RFC 9110 section 5.6.2, without the asterisk of wildcards
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e]|\\[\t \x21-\x7e])*"'
_PARAMETER = rf"{_TOKEN}=(?:{_TOKEN}|{_QUOTED})"
_CONTENT_TYPE = re.compile(rf"{_TOKEN}/{_TOKEN}(?:[ \t]*;[ \t]*(?:{_PARAMETER})?)*", re.ASCII)
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters, and those that turn round what follows: a name that ends in `gpj.exe` must not look like one
that ends in `exe.jpg`."""

_PASSIVE = re.compile(r"(?:image/(?!svg)|audio/|video/)[\w.+-]+|text/plain|application/pdf", re.ASCII)
"""What browsers show without running any of it."""


def content_type(text: str) -> str:
    """As given; empty is any bytes. Raises ChatError(MEDIA_TYPE_INVALID)."""
    text = text.strip()
    if not text:
        return UNNAMED_TYPE
    if len(text) > limits.NAME_CHARS or not _CONTENT_TYPE.fullmatch(text):
        raise ChatError(Code.MEDIA_TYPE_INVALID, "The content type must be of the form type/subtype")
    return text


def filename(text: str | None) -> str | None:
    """Without folders and invisible characters, cut to 256 characters before its ending; None where nothing is left.
    Raises ChatError(INVALID_PARAMETER) for text that cannot be stored."""
    name = re.split(r"[/\\]", limits.clean("Filename", text or ""))[-1]
    name = _INVISIBLE.sub("", name).strip()
    if len(name) > limits.NAME_CHARS:
        stem, dot, ending = name.rpartition(".")
        kept = dot + ending if stem and len(ending) <= ENDING_CHARS else ""
        name = name[: limits.NAME_CHARS - len(kept)] + kept
    return name or None


def key_of(service_sid: ServiceSid, sid: MediaSid) -> str:
    """Where the bytes lie. The end of a SID is random and its beginning is not: folders stay of equal size."""
    return f"{service_sid}/{sid[-2:]}/{sid}"


def passive(file: MediaFile) -> bool:
    """Whether a browser may show the file in a page of its own. HTML, SVG, scripts and everything unknown are only
    saved: they would run as if they were part of this server."""
    return _PASSIVE.fullmatch(file.content_type.partition(";")[0].strip().lower()) is not None


def labels(file: MediaFile) -> BlobHeaders:
    kind = "inline" if passive(file) else "attachment"
    return BlobHeaders(content_type=file.content_type, content_disposition=kind + _named(file.filename))


def _named(name: str | None) -> str:
    """RFC 6266: a plain name for everybody, and the true one (RFC 5987) where that differs."""
    if name is None:
        return ""
    plain = re.sub(r'["\\%]', "_", name.encode("ascii", "replace").decode().replace("?", "_"))
    parameters = f'; filename="{plain}"'
    return parameters if plain == name else f"{parameters}; filename*=UTF-8''{quote(name, safe='')}"
