"""Devices of a service's users, registered by clients."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain.devices import Binding, PushType
from chatcore.domain.errors import Code
from chatcore.domain.ids import Identity
from chatcore.domain.model import Unset, given
from gateway.http.call import Call, Handler
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.http.responses import deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list

from . import present
from .place import Place, enter


class BindingType(StrEnum):
    APN = PushType.APN.value
    GCM = PushType.GCM.value
    FCM = PushType.FCM.value
    TWILSOCK = "twilsock"  # live connections: never bound, so the filter finds none


_PUSH_TYPES: Final = frozenset(PushType)


class Bindings:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many, one = "/v1/Services/{service}/Bindings", "/v1/Services/{service}/Bindings/{binding}"
        return [Route("GET", many, self.list), Route("GET", one, self.fetch), Route("DELETE", one, self.delete)]

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, call)
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
            maximum=100,
        )

    async def fetch(self, call: Call) -> Response:
        place, binding = await self._find(call)
        return json_response(present.binding(place, binding))

    async def delete(self, call: Call) -> Response:
        place, binding = await self._find(call)
        await self._chat.devices.delete(place.actor, binding.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Binding]:
        place = await enter(self._chat, call)
        return place, await self._chat.devices.get(place.actor, call.params["binding"])


def _kinds(query: Form) -> list[PushType] | None:
    """None: of all kinds."""
    names = query.texts("BindingType")
    if isinstance(names, Unset) or not names:
        return None
    for name in names:
        if name not in set(BindingType):
            raise HttpError(400, Code.BINDING_TYPE_INVALID, f"BindingType must be one of {', '.join(BindingType)}")
    return [PushType(name) for name in dict.fromkeys(names) if name in _PUSH_TYPES]
