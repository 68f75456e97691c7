"""The endpoint that mints access tokens for back-ends without a helper library."""

from __future__ import annotations

from typing import Final

from ..operation import Operation
from ..operation import Parameter as P
from ..shapes import date, integer, record, sid, text

_LONGEST: Final = 86400  # seconds

OPERATIONS: Final = [
    Operation(
        method="POST",
        pattern="/token",
        name="createToken",
        tag="Access tokens",
        summary="Mint an access token for a client",
        json=True,
        form=(
            P(name="identity", shape=text(256, shortest=1), required=True, code=50207),
            P(name="service_sid", shape=sid("IS"), code=50050, note="The oldest service of the account unless given"),
            P(name="ttl", shape=integer(1, _LONGEST), note="Seconds; 3600 unless given"),
            P(name="endpoint_id", shape=text(256), note="Name of the device"),
            P(name="push_credential_sid", shape=sid("CR")),
            P(name="role_sid", shape=sid("RL"), code=50100, note="Deployment role of a user this token creates"),
        ),
        answer=record({"identity": text(), "token": text(), "expires_at": date()}),
    )
]
