"""Webhook targets of one channel. They are the scoped webhooks of Conversations, in the words of Chat."""

from __future__ import annotations

from enum import StrEnum
from typing import TypedDict

from starlette.responses import Response

from chatcore.commands.channel_webhooks import WebhookDraft, WebhookPatch
from chatcore.commands.chat import Chat
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import UNSET, Channel, Unset
from chatcore.domain.webhooks import ChannelWebhook, Vocabulary
from gateway.http.call import Call, Handler
from gateway.http.errors import INVALID_PARAMETER, HttpError, missing_parameter
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import is_http_url

from . import present
from .place import Place, enter_channel
from .version import Version

PAGE = 5


class Method(StrEnum):
    GET = "GET"
    POST = "POST"


class ChannelWebhooks:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Channels/{channel}/Webhooks")
        one = many + "/{webhook}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        form = await call.form()
        kind = form.text("Type")
        if isinstance(kind, Unset) or not kind:
            raise missing_parameter("Type", Code.WEBHOOK_TYPE_MISSING)
        draft = WebhookDraft(type=kind, **_configuration(form))
        webhook = await self._chat.channel_webhooks.create(place.actor, channel.sid, draft)
        return created(present.channel_webhook(place, webhook))

    async def list(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        return await dated_list(
            call.query(),
            key="webhooks",
            url=place.url("Channels", channel.sid, "Webhooks"),
            fetch=lambda window: self._chat.channel_webhooks.list(place.actor, channel.sid, window),
            present=lambda webhook: present.channel_webhook(place, webhook),
            maximum=PAGE,
            default=PAGE,
        )

    async def fetch(self, call: Call) -> Response:
        place, _, webhook = await self._find(call)
        return json_response(present.channel_webhook(place, webhook))

    async def update(self, call: Call) -> Response:
        place, channel, webhook = await self._find(call)
        patch = WebhookPatch(**_configuration(await call.form()))
        webhook = await self._chat.channel_webhooks.update(place.actor, channel.sid, webhook.sid, patch)
        return json_response(present.channel_webhook(place, webhook))

    async def delete(self, call: Call) -> Response:
        place, channel, webhook = await self._find(call)
        await self._chat.channel_webhooks.delete(place.actor, channel.sid, webhook.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Channel, ChannelWebhook]:
        place, channel = await enter_channel(self._chat, self._version, call)
        try:
            return (
                place,
                channel,
                await self._chat.channel_webhooks.get(place.actor, channel.sid, call.params["webhook"]),
            )
        except ChatError as error:
            if error.code is Code.WEBHOOK_NOT_FOUND:
                raise call.not_found() from None
            raise


class _Configuration(TypedDict):
    vocabulary: Vocabulary
    url: str | Unset | None
    method: str | Unset
    filters: tuple[str, ...] | Unset
    triggers: tuple[str, ...] | Unset
    flow_sid: str | Unset | None
    retry_count: int | Unset


def _configuration(form: Form) -> _Configuration:
    url = form.text_or_none("Configuration.Url")
    if isinstance(url, str) and not is_http_url(url):
        raise HttpError(400, INVALID_PARAMETER, "Configuration.Url must be an absolute http or https URL")
    method = form.enum("Configuration.Method", Method, code=Code.WEBHOOK_METHOD_INVALID)
    return _Configuration(
        vocabulary=Vocabulary.CHAT,
        url=url,
        method=UNSET if isinstance(method, Unset) else method.value,
        filters=form.texts("Configuration.Filters"),
        triggers=form.texts("Configuration.Triggers"),
        flow_sid=form.text_or_none("Configuration.FlowSid"),
        retry_count=form.integer("Configuration.RetryCount", code=Code.RETRY_COUNT_INVALID),
    )
