"""Parameters that several resources of Conversations share."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from chatcore.domain.errors import Code
from chatcore.domain.model import UNSET, Unset
from chatcore.domain.webhooks import EVENTS, Vocabulary
from gateway.http.errors import HttpError
from gateway.http.forms import Form

from .errors import CODES

METHODS: Final = frozenset({"GET", "POST"})
KNOWN_EVENTS: Final = EVENTS[Vocabulary.CONVERSATIONS]


def last_read_index(form: Form) -> int | Unset | None:
    """Empty clears it."""
    return form.integer_or_none("LastReadMessageIndex", code=CODES[Code.CONSUMED_INDEX_INVALID], low=0)


def last_read_timestamp(form: Form) -> datetime | Unset | None:
    """Empty clears it."""
    return form.date_time_or_none("LastReadTimestamp", code=CODES[Code.CONSUMPTION_TIMESTAMP_INVALID])


def method(form: Form, name: str) -> str | Unset:
    """GET or POST in any case, in upper case."""
    text = form.text(name)
    if isinstance(text, Unset):
        return UNSET
    if text.upper() not in METHODS:
        raise HttpError(400, Code.WEBHOOK_METHOD_INVALID, f"{name} must be GET or POST")
    return text.upper()


def events(form: Form, name: str) -> tuple[str, ...] | Unset:
    """Names of events, each once; an empty list clears."""
    names = form.texts(name)
    if isinstance(names, Unset):
        return UNSET
    for event in names:
        if event not in KNOWN_EVENTS:
            raise HttpError(400, Code.WEBHOOK_FORMAT_INVALID, f"{name}: {event} is not the name of an event")
    return tuple(dict.fromkeys(names))
