"""Webhook URLs of single events, which only Chat v1 can set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from chatcore.domain.errors import Code
from chatcore.domain.model import Service, Unset, given
from chatcore.domain.webhooks import EventUrl
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.rest.parameters import http_url

METHODS: Final = frozenset({"GET", "POST"})
EVENTS: Final = tuple(
    f"on{event}"
    for event in (
        *("MessageSend", "MessageUpdate", "MessageRemove", "ChannelAdd", "ChannelDestroy", "ChannelUpdate"),
        *("MemberAdd", "MemberRemove", "MessageSent", "MessageUpdated", "MessageRemoved", "ChannelAdded"),
        *("ChannelDestroyed", "ChannelUpdated", "MemberAdded", "MemberRemoved"),
    )
)
_NONE: Final = EventUrl()


def _group(event: str) -> str:
    return f"Webhooks.{event[0].upper()}{event[1:]}"


PARAMETERS: Final = frozenset(f"{_group(event)}.{part}" for event in EVENTS for part in ("Url", "Method"))


def changed(service: Service, form: Form) -> Service:
    """The service with what was given; empty clears. Raises HttpError for the first bad parameter."""
    held = {**service.event_urls}
    for event in EVENTS:
        old = held.pop(event, _NONE)
        url = http_url(form, f"{_group(event)}.Url", Code.WEBHOOK_FORMAT_INVALID, old.url)
        new = EventUrl(url=url, method=_method(form, f"{_group(event)}.Method", old.method))
        if new != _NONE:
            held[event] = new
    return replace(service, event_urls=held)


def present(urls: Mapping[str, EventUrl]) -> dict[str, object]:
    """`format` is a member of old, always null."""
    return {
        re.sub("([A-Z])", lambda letter: f"_{letter[0].lower()}", event): {
            "url": entry.url,
            "method": entry.method or "POST",
            "format": None,
        }
        for event, entry in urls.items()
    }


def _method(form: Form, name: str, held: str | None) -> str | None:
    method = form.text_or_none(name)
    if not isinstance(method, Unset) and method is not None and method not in METHODS:
        raise HttpError(400, Code.WEBHOOK_METHOD_INVALID, f"{name} must be GET or POST")
    return given(method, held)
