"""Devices that are registered for pushes, of a service or of one user. Only clients register them."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.devices import push_type
from chatcore.domain.devices import PushType
from chatcore.domain.ids import Identity
from chatcore.domain.model import Unset, given
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list

from . import present
from .place import enter, enter_user
from .version import Version

PAGE_MAX = 50


class Bindings:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Bindings")
        one = many + "/{binding}"
        return [Route("GET", many, self.list), Route("GET", one, self.fetch), Route("DELETE", one, self.delete)]

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        query = call.query()
        kinds = _kinds(query)
        identities = [Identity(text) for text in given(query.texts("Identity"), ())]
        return await dated_list(
            query,
            key="bindings",
            url=place.url("Bindings"),
            filters=("BindingType", "Identity"),
            fetch=lambda window: self._chat.devices.list(place.actor, window, kinds=kinds, identities=identities),
            present=lambda binding: present.binding(place, binding),
            maximum=PAGE_MAX,
        )

    async def fetch(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        return json_response(present.binding(place, await self._chat.devices.get(place.actor, call.params["binding"])))

    async def delete(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        await self._chat.devices.delete(place.actor, call.params["binding"])
        return deleted()


class UserBindings:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Users/{user}/Bindings")
        one = many + "/{binding}"
        return [Route("GET", many, self.list), Route("GET", one, self.fetch), Route("DELETE", one, self.delete)]

    async def list(self, call: Call) -> Response:
        place, user = await enter_user(self._chat, self._version, call)
        query = call.query()
        kinds = _kinds(query)
        return await dated_list(
            query,
            key="bindings",
            url=place.url("Users", user.sid, "Bindings"),
            filters=("BindingType",),
            fetch=lambda window: self._chat.devices.list(place.actor, window, kinds=kinds, user_sid=user.sid),
            present=lambda binding: present.user_binding(place, binding),
            maximum=PAGE_MAX,
        )

    async def fetch(self, call: Call) -> Response:
        place, user = await enter_user(self._chat, self._version, call)
        binding = await self._chat.devices.get(place.actor, call.params["binding"], user_sid=user.sid)
        return json_response(present.user_binding(place, binding))

    async def delete(self, call: Call) -> Response:
        place, user = await enter_user(self._chat, self._version, call)
        await self._chat.devices.delete(place.actor, call.params["binding"], user_sid=user.sid)
        return deleted()


def _kinds(query: Form) -> list[PushType] | None:
    """The types to list; none stands for all."""
    names = query.texts("BindingType")
    return None if isinstance(names, Unset) or not names else [push_type(name) for name in names]
