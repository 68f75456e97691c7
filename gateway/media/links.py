"""Links that stand for themselves: whoever holds one may do one thing with one file until it expires.

They are signed with keys derived from CHAT_SECRET_KEY, so every node accepts them, and those of every key that is still
configured.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from chatcore.domain.ids import MediaSid, is_sid
from chatcore.ports.clock import Clock
from gateway.http.errors import FORBIDDEN, HttpError
from gateway.http.forms import Form
from gateway.http.urls import join

CONTENT_LIFETIME = timedelta(seconds=300)
UPLOAD_LIFETIME = timedelta(minutes=15)
"""In which an upload has to begin."""

_PURPOSE = b"chatcore media links v1"
_EXPIRY = re.compile(r"[0-9]{1,12}", re.ASCII)


class Use(StrEnum):
    """What a link is good for. The value is the first segment of its path."""

    CONTENT = "media-content"
    UPLOAD = "media-upload"


LIFETIMES = {Use.CONTENT: CONTENT_LIFETIME, Use.UPLOAD: UPLOAD_LIFETIME}


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    expires_at: datetime


class SignedLinks:
    """Makes links and checks them. Costs no lookup."""

    def __init__(self, secret_keys: Sequence[str], clock: Clock) -> None:
        """The first key signs. Raises ValueError without one."""
        if not secret_keys:
            raise ValueError("at least one secret key is needed")
        self._keys = [hmac.digest(key.encode(), _PURPOSE, hashlib.sha256) for key in secret_keys]
        self._clock = clock

    def make(self, use: Use, sid: MediaSid, base: str) -> Link:
        """Below `base`: scheme and authority of this server, and the path under which it is mounted."""
        expires_at = (self._clock.now() + LIFETIMES[use]).replace(microsecond=0)
        exp = str(int(expires_at.timestamp()))
        query = urlencode({"exp": exp, "sig": _sign(self._keys[0], use, sid, exp)})
        return Link(f"{join(base, use, sid)}?{query}", expires_at)

    def check(self, use: Use, sid: str, query: Form) -> datetime:
        """When the link expires. Raises HttpError(403): it was made by nobody here, for something else, or expired."""
        exp, sig = (value if isinstance(value := query.text(name), str) else "" for name in ("exp", "sig"))
        known = is_sid("ME", sid) and _EXPIRY.fullmatch(exp) is not None and sig.isascii()
        if not known or not any(hmac.compare_digest(_sign(key, use, sid, exp), sig) for key in self._keys):
            raise HttpError(403, FORBIDDEN, "The link is not valid")
        expires_at = datetime.fromtimestamp(int(exp), UTC)
        if self._clock.now() >= expires_at:
            raise HttpError(403, FORBIDDEN, "The link has expired")
        return expires_at


def _sign(key: bytes, use: Use, sid: str, exp: str) -> str:
    digest = hmac.digest(key, f"{use}\n{sid}\n{exp}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
