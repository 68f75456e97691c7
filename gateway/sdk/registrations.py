"""Push registrations of devices: by the client's token from its provider."""

from __future__ import annotations

import msgspec

from chatcore.commands.chat import Chat
from chatcore.commands.devices import DeviceDraft
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.errors import bad_request
from gateway.sdkhttp.exchange import NO_CONTENT, SdkResponse, answer
from gateway.sdkhttp.reading import read
from gateway.sdkhttp.routes import Route

PATH = "/v1/registrations"


class _Data(msgspec.Struct):
    registration_id: str | None = None


class _Register(msgspec.Struct):
    channel_type: str = ""
    message_types: list[str] = []
    data: _Data = msgspec.field(default_factory=_Data)


class _Unregister(msgspec.Struct):
    binding_type: str | None = None
    address: str | None = None


class Registrations:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        return [
            Route("POST", PATH, self.register),
            Route("DELETE", PATH, self.unregister_address),
            Route("DELETE", f"{PATH}/{{id}}", self.unregister),
        ]

    async def register(self, call: Call) -> SdkResponse:
        """Again with more message types: replaces. The credential is the one that the token names."""
        body, session = read(_Register, call.request), call.request.session
        draft = DeviceDraft(
            type=body.channel_type,
            address=body.data.registration_id,
            endpoint=session.grant.endpoint_id,
            credential_sid=session.grant.push_credential_sid,
            message_types=body.message_types,
        )
        return answer({"id": (await self._chat.devices.register(session.actor, draft)).sid})

    async def unregister(self, call: Call) -> SdkResponse:
        await self._chat.devices.unregister(call.request.session.actor, call.params["id"])
        return NO_CONTENT

    async def unregister_address(self, call: Call) -> SdkResponse:
        body = read(_Unregister, call.request)
        if body.binding_type is None or body.address is None:
            raise bad_request("binding_type and address are missing")
        await self._chat.devices.unregister_address(call.request.session.actor, body.binding_type, body.address)
        return NO_CONTENT
