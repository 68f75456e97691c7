"""X-Twilio-Signature: proves to a receiver that a request was made by who knows the account's auth token."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable


def signature(auth_token: str, url: str, parameters: Iterable[tuple[str, str]] = ()) -> str:
    """`url` is the URL that is called, query included; `parameters` are those of a form in the body, decoded."""
    values: dict[str, set[str]] = {}
    for name, value in parameters:
        values.setdefault(name, set()).add(value)
    signed = url + "".join(name + value for name in sorted(values) for value in sorted(values[name]))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), "sha1")).decode()
