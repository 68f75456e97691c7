"""Roles of a service."""

from __future__ import annotations

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

from .place import Place, enter
from .version import Version


class Roles:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Roles")
        one = many + "/{role}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        form = await call.form()
        form.require("FriendlyName", "Type", "Permission")
        name = limits.friendly_name(form.required("FriendlyName")) or ""
        kind = form.enum("Type", RoleType, code=Code.ROLE_TYPE_INVALID)
        permissions = given(form.texts("Permission"), ())
        role = await self._chat.roles.create(place.actor, name, given(kind, RoleType.CHANNEL), permissions)
        return created(self._version.present.role(place, role))

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        return await dated_list(
            call.query(),
            key="roles",
            url=place.url("Roles"),
            fetch=lambda window: self._chat.roles.list(place.actor, window),
            present=lambda role: self._version.present.role(place, role),
            maximum=self._version.page_max,
        )

    async def fetch(self, call: Call) -> Response:
        place, role = await self._find(call)
        return json_response(self._version.present.role(place, role))

    async def update(self, call: Call) -> Response:
        place, role = await self._find(call)
        form = await call.form()
        form.require("Permission")
        permissions = given(form.texts("Permission"), ())
        role = await self._chat.roles.update(place.actor, role.sid, permissions)
        return json_response(self._version.present.role(place, role))

    async def delete(self, call: Call) -> Response:
        place, role = await self._find(call)
        await self._chat.roles.delete(place.actor, role.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Role]:
        place = await enter(self._chat, self._version, call)
        try:
            return place, await self._chat.roles.get(place.actor, call.params["role"])
        except ChatError as error:
            if error.code is Code.ROLE_NOT_FOUND:  # the code is about roles named in a body
                raise call.not_found() from None
            raise
