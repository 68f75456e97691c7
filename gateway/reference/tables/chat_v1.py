"""The operations of Chat v1: those of v2 with fewer parameters, without webhooks, with larger pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ..operation import Parameter as P
from ..operation import Parameters, Resource, operations
from ..shapes import one_of, text, url
from . import chat_v2 as v2
from .chat_parameters import (
    ATTRIBUTES,
    CHANNEL_ROLE,
    CHANNEL_TYPE,
    FRIENDLY_NAME,
    HORIZON,
    IDENTITY,
    NAME,
    SERVICE_LIMITS,
    SERVICE_SETTINGS,
    SERVICE_WEBHOOKS,
    UNIQUE_NAME,
)
from .chat_schemas import EVENTS_WITH_URL

PAGE_MAX: Final = 1000

_EVENT_URLS: Final = tuple(
    parameter
    for event in EVENTS_WITH_URL
    for parameter in (
        P(name=f"Webhooks.On{event}.Url", shape=url(), clears=True, code=50054),
        P(name=f"Webhooks.On{event}.Method", shape=one_of("GET", "POST"), clears=True, code=50055),
    )
)
_CHANNEL_UPDATE: Final = (FRIENDLY_NAME, UNIQUE_NAME, ATTRIBUTES)
_BODY: Final = P(name="Body", shape=text(), code=50504, note="At most 32 KiB")
_FROM: Final = P(name="From", shape=text(NAME), code=50310)


def _as_v1(
    resource: Resource,
    *,
    create: Parameters | None = None,
    update: Parameters | None = None,
    can: str | None = None,
    page_max: int = PAGE_MAX,
) -> Resource:
    return replace(
        resource,
        path=resource.path.replace("/v2/", "/v1/"),
        create=resource.create if create is None else create,
        update=resource.update if update is None else update,
        can=resource.can if can is None else can,
        page_max=page_max,
        webhooks="",
    )


V1: Final = operations(
    _as_v1(
        v2.SERVICES,
        update=(*SERVICE_SETTINGS, *SERVICE_WEBHOOKS, *_EVENT_URLS, *SERVICE_LIMITS),
        page_max=100,
    ),
    _as_v1(v2.ROLES),
    _as_v1(v2.USERS),
    _as_v1(v2.USER_CHANNELS, can="list"),
    _as_v1(v2.CHANNELS, create=(*_CHANNEL_UPDATE, CHANNEL_TYPE), update=_CHANNEL_UPDATE),
    _as_v1(v2.MEMBERS, create=(IDENTITY, CHANNEL_ROLE), update=(CHANNEL_ROLE, HORIZON)),
    _as_v1(
        v2.MESSAGES,
        create=(replace(_BODY, required=True, missing=50503), _FROM, ATTRIBUTES),
        update=(_BODY, ATTRIBUTES),
    ),
    _as_v1(v2.INVITES),
    _as_v1(v2.CREDENTIALS),
)
