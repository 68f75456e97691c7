"""Webhook targets of one conversation. Chat's channel webhooks are the same objects under other names."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from chatcore.commands.channel_webhooks import WebhookDraft, WebhookPatch
from chatcore.commands.chat import Chat
from chatcore.domain.model import Channel, Unset
from chatcore.domain.webhooks import ChannelWebhook, Vocabulary
from gateway.http.call import Call, Handler
from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import is_http_url

from . import present_conversations as present
from .place import Place, both_forms, enter_conversation

PAGE: Final = 5


class ScopedWebhooks:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many = "Conversations/{conversation}/Webhooks"
        one = many + "/{webhook}"
        return [
            *both_forms("POST", many, self.create),
            *both_forms("GET", many, self.list),
            *both_forms("GET", one, self.fetch),
            *both_forms("POST", one, self.update),
            *both_forms("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        draft = _draft(await call.form())
        webhook = await self._chat.channel_webhooks.create(place.actor, channel.sid, draft)
        return created(present.webhook(place, webhook))

    async def list(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        return await dated_list(
            call.query(),
            key="webhooks",
            url=place.url("Conversations", channel.sid, "Webhooks"),
            fetch=lambda window: self._chat.channel_webhooks.list(place.actor, channel.sid, window),
            present=lambda webhook: present.webhook(place, webhook),
            maximum=PAGE,
            default=PAGE,
        )

    async def fetch(self, call: Call) -> Response:
        place, _, webhook = await self._find(call)
        return json_response(present.webhook(place, webhook))

    async def update(self, call: Call) -> Response:
        place, channel, webhook = await self._find(call)
        patch = _patch(await call.form())
        changed = await self._chat.channel_webhooks.update(place.actor, channel.sid, webhook.sid, patch)
        return json_response(present.webhook(place, changed))

    async def delete(self, call: Call) -> Response:
        place, channel, webhook = await self._find(call)
        await self._chat.channel_webhooks.delete(place.actor, channel.sid, webhook.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Channel, ChannelWebhook]:
        place, channel = await enter_conversation(self._chat, call)
        sid = call.params["webhook"]
        return place, channel, await self._chat.channel_webhooks.get(place.actor, channel.sid, sid)


def _draft(form: Form) -> WebhookDraft:
    """Which of them are needed, and what they may be, depends on the target."""
    return WebhookDraft(
        vocabulary=Vocabulary.CONVERSATIONS,
        type=form.text("Target"),
        url=_url(form),
        method=form.text("Configuration.Method"),
        filters=form.texts("Configuration.Filters"),
        triggers=form.texts("Configuration.Triggers"),
        flow_sid=form.text_or_none("Configuration.FlowSid"),
        replay_after=form.integer_or_none("Configuration.ReplayAfter"),
    )


def _patch(form: Form) -> WebhookPatch:
    return WebhookPatch(
        vocabulary=Vocabulary.CONVERSATIONS,
        url=_url(form),
        method=form.text("Configuration.Method"),
        filters=form.texts("Configuration.Filters"),
        triggers=form.texts("Configuration.Triggers"),
        flow_sid=form.text_or_none("Configuration.FlowSid"),
    )


def _url(form: Form) -> str | Unset | None:
    """Empty is none."""
    url = form.text_or_none("Configuration.Url")
    if isinstance(url, str) and not is_http_url(url):
        raise HttpError(400, INVALID_PARAMETER, "Configuration.Url must be an absolute http or https URL")
    return url
