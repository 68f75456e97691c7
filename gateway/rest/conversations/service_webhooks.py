"""The webhook target of a service.

It is one record with that of Chat; each API shows and replaces only the event names of its own vocabulary.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain.errors import Code
from chatcore.domain.model import Service, Unset, given
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import json_response
from gateway.http.router import Route
from gateway.rest.parameters import http_url

from . import present_settings
from .parameters import KNOWN_EVENTS, events, method
from .place import enter


class ServiceWebhooks:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        path = "/v1/Services/{service}/Configuration/Webhooks"
        return [Route("GET", path, self.fetch), Route("POST", path, self.update)]

    async def fetch(self, call: Call) -> Response:
        return json_response(present_settings.webhooks(await enter(self._chat, call)))

    async def update(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        form = await call.form()
        service = await self._chat.services.update(
            place.service.account_sid, place.service.sid, lambda service: changed(service, form)
        )
        return json_response(present_settings.webhooks(replace(place, service=service)))


def changed(service: Service, form: Form) -> Service:
    """The service with what was given. Raises HttpError with the code of the first bad parameter."""
    return replace(
        service,
        pre_webhook_url=http_url(form, "PreWebhookUrl", Code.PRE_WEBHOOK_URL_INVALID, service.pre_webhook_url),
        post_webhook_url=http_url(form, "PostWebhookUrl", Code.POST_WEBHOOK_URL_INVALID, service.post_webhook_url),
        webhook_filters=_filters(form, service.webhook_filters),
        webhook_method=_method(form, service.webhook_method),
    )


def _method(form: Form, held: str | None) -> str | None:
    """Empty clears it."""
    return None if form.text("Method") == "" else given(method(form, "Method"), held)


def _filters(form: Form, held: tuple[str, ...] | None) -> tuple[str, ...] | None:
    names = events(form, "Filters")
    if isinstance(names, Unset):
        return held
    others = tuple(name for name in held or () if name not in KNOWN_EVENTS)
    return names + others or None
