"""The operations of the media API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..operation import Operation
from ..operation import Parameter as P
from ..shapes import (
    Shape,
    date,
    flag,
    integer,
    many,
    nullable,
    one_of,
    record,
    ref,
    sid,
    text,
    url,
)

_SERVICE: Final = "/v1/Services/{service}"
_FILE: Final = f"{_SERVICE}/Media/{{media}}"
_TAG: Final = "Media"
_CATEGORY: Final = one_of("media", "body", "history")

MEDIA: Final = record(
    {
        "sid": sid("ME"),
        "account_sid": sid("AC"),
        "service_sid": sid("IS"),
        "channel_sid": nullable(sid("CH")),
        "message_sid": nullable(sid("IM")),
        "date_created": date(),
        "date_upload_updated": nullable(date()),
        "date_updated": date(),
        "size": integer(0),
        "content_type": text(),
        "filename": nullable(text()),
        "author": nullable(text()),
        "category": _CATEGORY,
        "is_multipart_upstream": flag(),
        "url": url(),
        "links": record({"content": url()}, {"content_direct_temporary": nullable(url())}),
    }
)
_FOUND: Final = record({"code": integer(200, 200), "media_record": ref("Media")})
_UNKNOWN: Final = record({"code": integer(404, 404)}, {"media_sid": text()})

V1_SCHEMAS: Final[Mapping[str, Shape]] = {"Media": MEDIA}
V1: Final = [
    Operation(
        method="POST",
        pattern=f"{_SERVICE}/Media",
        name="createMedia",
        tag=_TAG,
        summary="Upload a file",
        status=201,
        schema="Media",
        query=(
            P(name="Filename", shape=text(), note="Name of the file"),
            P(name="Category", shape={**_CATEGORY, "default": "media"}),
        ),
        raw=True,
    ),
    Operation(
        method="GET", pattern=_FILE, name="fetchMedia", tag=_TAG, summary="Fetch the record of a file", schema="Media"
    ),
    Operation(
        method="GET",
        pattern=f"{_FILE}/Content",
        name="fetchContent",
        tag=_TAG,
        summary="Download a file",
        also={307: "the file is at the URL in `Location`"},
        download=True,
    ),
    Operation(
        method="DELETE", pattern=_FILE, name="deleteMedia", tag=_TAG, summary="Delete a file", status=204, schema=None
    ),
    Operation(
        method="POST",
        pattern=f"{_SERVICE}/MediaSet",
        name="fetchMediaSet",
        tag=_TAG,
        summary="Fetch the records of several files",
        body=record({"command": one_of("get"), "list": many(record({"media_sid": text()}), most=100)}),
        answer=many({"oneOf": [_FOUND, _UNKNOWN]}),
    ),
]
