"""Services of an account: made and deleted here, renamed and configured elsewhere."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain import limits
from gateway.http.call import Call, Handler
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list

from . import present
from .place import Place, enter


class Services:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many, one = "/v1/Services", "/v1/Services/{service}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        form = await call.form()
        name = limits.service_name(form.required("FriendlyName"))
        service = await self._chat.services.create(call.principal.account_sid, name)
        return created(present.service(Place(service=service, call=call)))

    async def list(self, call: Call) -> Response:
        return await dated_list(
            call.query(),
            key="services",
            url=call.url("Services"),
            fetch=lambda window: self._chat.services.list(call.principal.account_sid, window),
            present=lambda service: present.service(Place(service=service, call=call)),
            maximum=100,
        )

    async def fetch(self, call: Call) -> Response:
        return json_response(present.service(await enter(self._chat, call)))

    async def delete(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        await self._chat.services.delete(place.service.account_sid, place.service.sid)
        return deleted()
