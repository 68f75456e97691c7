"""What an account configures for all its conversations."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain.account import AccountConfiguration
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import ServiceSid
from chatcore.domain.model import given
from gateway.http.call import Call, Handler
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.http.responses import json_response
from gateway.http.router import Route

from . import present_settings
from .errors import MESSAGING_SERVICE_MISSING, SERVICE_NOT_FOUND


class AccountConfigurations:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        path = "/v1/Configuration"
        return [Route("GET", path, self.fetch), Route("POST", path, self.update)]

    async def fetch(self, call: Call) -> Response:
        found = await self._chat.accounts.configuration(call.principal.account_sid)
        return json_response(present_settings.account(call, found))

    async def update(self, call: Call) -> Response:
        form = await call.form()
        try:
            changed = await self._chat.accounts.configure(call.principal.account_sid, lambda held: _changed(held, form))
        except ChatError as error:
            if error.code is Code.SERVICE_NOT_FOUND:  # named by a parameter, not by the path
                raise HttpError(404, SERVICE_NOT_FOUND, error.message) from None
            raise
        return json_response(present_settings.account(call, changed))


def _changed(held: AccountConfiguration, form: Form) -> AccountConfiguration:
    service = given(form.text("DefaultChatServiceSid"), held.default_service_sid)
    messaging = given(form.text("DefaultMessagingServiceSid"), held.default_messaging_service_sid)
    if not messaging:
        raise HttpError(400, MESSAGING_SERVICE_MISSING, "DefaultMessagingServiceSid must not be empty")
    return replace(
        held,
        default_service_sid=ServiceSid(service),
        default_messaging_service_sid=messaging,
        default_inactive_timer=given(form.text_or_none("DefaultInactiveTimer"), held.default_inactive_timer),
        default_closed_timer=given(form.text_or_none("DefaultClosedTimer"), held.default_closed_timer),
    )
