"""Parameters that Chat and Conversations read alike."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from chatcore.domain import limits
from chatcore.domain.errors import Code
from chatcore.domain.ids import SYSTEM
from chatcore.domain.model import UNSET, Unset, given
from gateway.http.errors import HttpError
from gateway.http.forms import Form

ROLE_SID_MISSING: Final = 50103

_INVISIBLE = re.compile(r"[\x00-\x20\x7f]")


def role_sid(form: Form, name: str = "RoleSid") -> str | Unset:
    """Empty is an error: everybody has a role."""
    sid = form.text(name)
    if sid == "":
        raise HttpError(400, ROLE_SID_MISSING, f"{name} must not be empty")
    return sid


def date_created(form: Form) -> datetime | Unset:
    return form.date_time("DateCreated", code=Code.DATE_CREATED_INVALID)


def date_updated(form: Form) -> datetime | Unset:
    return form.date_time("DateUpdated", code=Code.DATE_UPDATED_INVALID)


def friendly_name(form: Form) -> str | Unset | None:
    """Empty is None."""
    name = form.text_or_none("FriendlyName")
    return name if isinstance(name, Unset) else limits.friendly_name(name)


def unique_name(form: Form) -> str | Unset | None:
    """Empty is None."""
    name = form.text_or_none("UniqueName")
    return name if isinstance(name, Unset) else limits.unique_name(name)


def author(form: Form, name: str) -> str | Unset:
    """Empty stands for the REST caller."""
    text = form.text(name)
    return UNSET if isinstance(text, Unset) else limits.author(text) or SYSTEM


def identity(form: Form) -> str:
    return limits.identity(form.required("Identity"))


def http_url(form: Form, name: str, code: int, held: str | None) -> str | None:
    """An absolute http(s) URL in place of `held`; empty clears it. Anything else is refused with `code`."""
    url = form.text_or_none(name)
    if isinstance(url, str) and not is_http_url(url):
        raise HttpError(400, code, f"{name} must be an absolute http or https URL")
    return given(url, held)


def is_http_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and not _INVISIBLE.search(url)
