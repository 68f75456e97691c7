"""Addresses of messaging gateways, and what an unknown sender would start there; stored only."""

from __future__ import annotations

import re
from dataclasses import replace
from enum import StrEnum
from typing import Final

from starlette.responses import Response

from chatcore.commands.accounts import AddressDraft
from chatcore.commands.chat import Chat
from chatcore.domain.account import AddressConfiguration, AutoCreation
from chatcore.domain.errors import Code
from chatcore.domain.ids import is_sid
from chatcore.domain.model import Unset, given
from gateway.http.call import Call, Handler
from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import friendly_name, http_url

from . import present_settings
from .parameters import events, method

RETRIES_MAX: Final = 3
_COUNTRY = re.compile(r"[A-Z]{2}")


class Type(StrEnum):
    SMS = "sms"
    WHATSAPP = "whatsapp"
    MESSENGER = "messenger"
    GBM = "gbm"
    EMAIL = "email"
    RCS = "rcs"
    APPLE = "apple"
    CHAT = "chat"


class AutoCreationType(StrEnum):
    WEBHOOK = "webhook"
    STUDIO = "studio"
    DEFAULT = "default"


class Addresses:
    def __init__(self, chat: Chat) -> None:
        self._accounts = chat.accounts

    def routes(self) -> list[Route[Handler]]:
        many, one = "/v1/Configuration/Addresses", "/v1/Configuration/Addresses/{address}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        form = await call.form()
        form.require("Type", "Address")
        kind, address = given(form.enum("Type", Type), Type.SMS), form.required("Address")
        country, name = _country(form), given(friendly_name(form), None)
        draft = AddressDraft(
            type=kind,
            address=address,
            address_country=country,
            friendly_name=name,
            auto_creation=_auto_creation(form, AutoCreation()),
        )
        made = await self._accounts.create_address(call.principal.account_sid, draft)
        return created(present_settings.address(call, made))

    async def list(self, call: Call) -> Response:
        query = call.query()
        kind = given(query.enum("Type", Type), None)
        return await dated_list(
            query,
            key="address_configurations",
            url=call.url("Configuration", "Addresses"),
            filters=("Type",),
            fetch=lambda window: self._accounts.addresses(call.principal.account_sid, window, kind=kind),
            present=lambda found: present_settings.address(call, found),
            maximum=50,
        )

    async def fetch(self, call: Call) -> Response:
        found = await self._accounts.address(call.principal.account_sid, call.params["address"])
        return json_response(present_settings.address(call, found))

    async def update(self, call: Call) -> Response:
        found = await self._accounts.address(call.principal.account_sid, call.params["address"])
        form = await call.form()

        def change(held: AddressConfiguration) -> AddressConfiguration:
            name = given(friendly_name(form), held.friendly_name)
            return replace(held, friendly_name=name, auto_creation=_auto_creation(form, held.auto_creation))

        changed = await self._accounts.update_address(call.principal.account_sid, found.sid, change)
        return json_response(present_settings.address(call, changed))

    async def delete(self, call: Call) -> Response:
        await self._accounts.delete_address(call.principal.account_sid, call.params["address"])
        return deleted()


def _country(form: Form) -> str | None:
    """ISO 3166-1 alpha-2."""
    country = given(form.text_or_none("AddressCountry"), None)
    if country is not None and not _COUNTRY.fullmatch(country):
        raise HttpError(400, INVALID_PARAMETER, "AddressCountry must be two capital letters")
    return country


def _auto_creation(form: Form, held: AutoCreation) -> AutoCreation:
    enabled = given(form.boolean("AutoCreation.Enabled"), held.enabled)
    kind = given(form.enum("AutoCreation.Type", AutoCreationType), held.type)
    service = _sid(form, "AutoCreation.ConversationServiceSid", "IS", held.conversation_service_sid)
    url = http_url(form, "AutoCreation.WebhookUrl", Code.POST_WEBHOOK_URL_INVALID, held.webhook_url)
    verb = None if form.text("AutoCreation.WebhookMethod") == "" else method(form, "AutoCreation.WebhookMethod")
    names = events(form, "AutoCreation.WebhookFilters")
    flow = _sid(form, "AutoCreation.StudioFlowSid", "FW", held.studio_flow_sid)
    retries = form.integer_or_none(
        "AutoCreation.StudioRetryCount", code=Code.RETRY_COUNT_INVALID, low=0, high=RETRIES_MAX
    )
    return AutoCreation(
        enabled=enabled,
        type=kind,
        conversation_service_sid=service,
        webhook_url=url,
        webhook_method=given(verb, held.webhook_method),
        webhook_filters=held.webhook_filters if isinstance(names, Unset) else names or None,
        studio_flow_sid=flow,
        studio_retry_count=given(retries, held.studio_retry_count),
    )


def _sid(form: Form, name: str, prefix: str, held: str | None) -> str | None:
    """Empty clears it."""
    sid = form.text_or_none(name)
    if isinstance(sid, str) and not is_sid(prefix, sid):
        raise HttpError(400, INVALID_PARAMETER, f"{name} must be a SID that begins with {prefix}")
    return given(sid, held)
