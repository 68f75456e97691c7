"""Services of an account."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain import limits
from gateway.http.call import Call, Handler
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route

from . import present
from .listing import dated_list
from .place import Place, enter
from .service_settings import changed


class Services:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many, one = "/v2/Services", "/v2/Services/{service}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
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
        )

    async def fetch(self, call: Call) -> Response:
        return json_response(present.service(await enter(self._chat, call)))

    async def update(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        form = await call.form()
        service = await self._chat.services.update(
            place.service.account_sid, place.service.sid, lambda service: changed(service, form)
        )
        return json_response(present.service(replace(place, service=service)))

    async def delete(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        await self._chat.services.delete(place.service.account_sid, place.service.sid)
        return deleted()
