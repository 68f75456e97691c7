"""The account-wide webhook target: events of all services that have conversations."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain import webhooks
from chatcore.domain.account import AccountConfiguration
from chatcore.domain.errors import Code
from chatcore.domain.model import given
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import json_response
from gateway.http.router import Route
from gateway.rest.parameters import http_url

from . import present_settings
from .parameters import events, method


class Target(StrEnum):
    WEBHOOK = "webhook"
    FLEX = "flex"


class AccountWebhooks:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        """The second path is that of helper libraries of 2020."""
        paths = ("/v1/Configuration/Webhooks", "/v1/Conversations/Webhooks")
        operations: list[tuple[str, Handler]] = [("GET", self.fetch), ("POST", self.update)]
        return [Route(verb, path, handler) for path in paths for verb, handler in operations]

    async def fetch(self, call: Call) -> Response:
        found = await self._chat.accounts.configuration(call.principal.account_sid)
        return json_response(present_settings.account_webhooks(call, found))

    async def update(self, call: Call) -> Response:
        form = await call.form()

        def change(held: AccountConfiguration) -> AccountConfiguration:
            return replace(held, webhooks=_changed(held.webhooks, form))

        changed = await self._chat.accounts.configure(call.principal.account_sid, change)
        return json_response(present_settings.account_webhooks(call, changed))


def _changed(held: webhooks.AccountWebhooks, form: Form) -> webhooks.AccountWebhooks:
    return replace(
        held,
        method=given(method(form, "Method"), held.method),
        filters=given(events(form, "Filters"), held.filters),
        pre_url=http_url(form, "PreWebhookUrl", Code.PRE_WEBHOOK_URL_INVALID, held.pre_url),
        post_url=http_url(form, "PostWebhookUrl", Code.POST_WEBHOOK_URL_INVALID, held.post_url),
        target=given(form.enum("Target", Target), held.target),
    )
