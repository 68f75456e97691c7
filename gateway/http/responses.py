"""Bodies and headers of successful answers."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import msgspec
from starlette.responses import Response

JSON = "application/json; charset=utf-8"

_encoder = msgspec.json.Encoder()


def iso_seconds(moment: datetime) -> str:
    """UTC, whole seconds, a literal Z: helper libraries read anything else as a plain string. Truncates."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def iso_seconds_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else iso_seconds(moment)


def json_response(value: object, status: int = 200) -> Response:
    return Response(_encoder.encode(value), status_code=status, headers={"content-type": JSON})


def created(value: object) -> Response:
    return json_response(value, 201)


def deleted() -> Response:
    """204 without a body: helper libraries compare the status exactly."""
    return Response(status_code=204)


def new_request_id() -> str:
    return f"RQ{secrets.token_hex(16)}"


def stamp(response: Response, request_id: str, seconds: float) -> Response:
    """Adds the headers every answer carries. `seconds` the request took."""
    response.headers["Twilio-Request-Id"] = request_id
    response.headers["Twilio-Request-Duration"] = f"{seconds:.3f}"
    return response
