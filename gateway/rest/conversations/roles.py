"""Roles of a service, with types and permissions in the words of Conversations."""

from __future__ import annotations

from enum import StrEnum

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import Role, given
from chatcore.domain.permissions import RoleType
from gateway.http.call import Call, Handler
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list

from . import present
from .place import Place, both_forms, enter


class Type(StrEnum):
    CONVERSATION = "conversation"
    SERVICE = "service"


_KINDS = {Type.CONVERSATION: RoleType.CHANNEL, Type.SERVICE: RoleType.DEPLOYMENT}


class Roles:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many, one = "Roles", "Roles/{role}"
        return [
            *both_forms("POST", many, self.create),
            *both_forms("GET", many, self.list),
            *both_forms("GET", one, self.fetch),
            *both_forms("POST", one, self.update),
            *both_forms("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        form = await call.form()
        form.require("FriendlyName", "Type", "Permission")
        name = limits.friendly_name(form.required("FriendlyName")) or ""
        kind = _KINDS[given(form.enum("Type", Type, code=Code.ROLE_TYPE_INVALID), Type.CONVERSATION)]
        permissions = given(form.texts("Permission"), ())
        role = await self._chat.roles.create(place.actor, name, kind, permissions)
        return created(present.role(place, role))

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        return await dated_list(
            call.query(),
            key="roles",
            url=place.url("Roles"),
            fetch=lambda window: self._chat.roles.list(place.actor, window),
            present=lambda role: present.role(place, role),
            maximum=50,
        )

    async def fetch(self, call: Call) -> Response:
        place, role = await self._find(call)
        return json_response(present.role(place, role))

    async def update(self, call: Call) -> Response:
        place, role = await self._find(call)
        form = await call.form()
        form.require("Permission")
        permissions = given(form.texts("Permission"), ())
        role = await self._chat.roles.update(place.actor, role.sid, permissions)
        return json_response(present.role(place, role))

    async def delete(self, call: Call) -> Response:
        place, role = await self._find(call)
        await self._chat.roles.delete(place.actor, role.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Role]:
        place = await enter(self._chat, call)
        try:
            return place, await self._chat.roles.get(place.actor, call.params["role"])
        except ChatError as error:
            if error.code is Code.ROLE_NOT_FOUND:  # the code is about roles named in a body
                raise call.not_found() from None
            raise
