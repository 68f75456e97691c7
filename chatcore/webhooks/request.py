"""The HTTP request that tells a target of an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from chatcore.ports.calls import Target

from .signature import signature

_FORM = "application/x-www-form-urlencoded; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


def signed(target: Target, parameters: Sequence[tuple[str, str]], *, auth_token: str, token: str) -> Request:
    """The URL is used as it was configured: receivers recompute the signature from it, byte for byte."""
    url, form = target.url.partition("#")[0], urlencode(parameters)
    headers = {"Accept": "*/*", "User-Agent": "TwilioProxy/1.1", "I-Twilio-Idempotency-Token": token}
    if target.method.upper() == "GET":
        url += ("&" if "?" in url else "?") + form
        headers["X-Twilio-Signature"] = signature(auth_token, url)
        return Request(method="GET", url=url, headers=headers, body=None)
    headers |= {"Content-Type": _FORM, "X-Twilio-Signature": signature(auth_token, url, parameters)}
    return Request(method="POST", url=url, headers=headers, body=form.encode())
