"""Parameters that several resources of Chat share."""

from __future__ import annotations

from datetime import datetime

from chatcore.domain import limits
from chatcore.domain.errors import Code
from chatcore.domain.ids import SYSTEM
from chatcore.domain.model import UNSET, Unset
from gateway.http.errors import HttpError
from gateway.http.forms import Form

ROLE_SID_MISSING = 50103


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
