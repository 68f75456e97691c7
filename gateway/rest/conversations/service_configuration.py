"""What Conversations lets be configured of a service: default roles and reachability."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain.ids import RoleSid
from chatcore.domain.model import Service, Unset, given
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import json_response
from gateway.http.router import Route
from gateway.rest.parameters import role_sid

from . import present_settings
from .place import enter


class ServiceConfigurations:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        path = "/v1/Services/{service}/Configuration"
        return [Route("GET", path, self.fetch), Route("POST", path, self.update)]

    async def fetch(self, call: Call) -> Response:
        return json_response(present_settings.service(await enter(self._chat, call)))

    async def update(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        form = await call.form()
        service = await self._chat.services.update(
            place.service.account_sid, place.service.sid, lambda service: _changed(service, form)
        )
        return json_response(present_settings.service(replace(place, service=service)))


def _changed(service: Service, form: Form) -> Service:
    return replace(
        service,
        default_channel_creator_role_sid=_role(
            form, "DefaultConversationCreatorRoleSid", service.default_channel_creator_role_sid
        ),
        default_channel_role_sid=_role(form, "DefaultConversationRoleSid", service.default_channel_role_sid),
        default_service_role_sid=_role(form, "DefaultChatServiceRoleSid", service.default_service_role_sid),
        reachability_enabled=given(form.boolean("ReachabilityEnabled"), service.reachability_enabled),
    )


def _role(form: Form, name: str, held: RoleSid) -> RoleSid:
    sid = role_sid(form, name)
    return held if isinstance(sid, Unset) else RoleSid(sid)
