"""Services of an account."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain import limits
from chatcore.domain.model import Service
from gateway.http.call import Call, Handler
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list

from . import event_urls
from .place import Place, enter
from .service_settings import changed
from .version import Json, Reads, Version

PAGE_MAX = 100


class Services:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many, one = self._version.path("Services"), self._version.path("Services/{service}")
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
        return created(self._show(call, service))

    async def list(self, call: Call) -> Response:
        return await dated_list(
            call.query(),
            key="services",
            url=call.url("Services"),
            fetch=lambda window: self._chat.services.list(call.principal.account_sid, window),
            present=lambda service: self._show(call, service),
            maximum=PAGE_MAX,
        )

    async def fetch(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        return json_response(self._version.present.service(place))

    async def update(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        form = await self._version.form(call, Reads.SERVICE_UPDATE)

        def change(service: Service) -> Service:
            service = changed(service, form)
            return event_urls.changed(service, form) if self._version.event_urls else service

        service = await self._chat.services.update(place.service.account_sid, place.service.sid, change)
        return json_response(self._version.present.service(replace(place, service=service)))

    async def delete(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        await self._chat.services.delete(place.service.account_sid, place.service.sid)
        return deleted()

    def _show(self, call: Call, service: Service) -> Json:
        return self._version.present.service(Place(service=service, call=call, version=self._version))
