"""How a service pushes to the devices of Conversations clients; Chat's settings are kept apart."""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain import limits
from chatcore.domain.errors import Code
from chatcore.domain.model import (
    ConversationNotifications,
    MediaNotification,
    NotificationSettings,
    Unset,
    given,
)
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import json_response
from gateway.http.router import Route

from . import present_settings
from .place import enter


class Notifications:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        path = "/v1/Services/{service}/Configuration/Notifications"
        return [Route("GET", path, self.fetch), Route("POST", path, self.update)]

    async def fetch(self, call: Call) -> Response:
        return json_response(present_settings.notifications(await enter(self._chat, call)))

    async def update(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        form = await call.form()
        service = await self._chat.services.update(
            place.service.account_sid,
            place.service.sid,
            lambda service: replace(
                service, conversation_notifications=changed(service.conversation_notifications, form)
            ),
        )
        return json_response(present_settings.notifications(replace(place, service=service)))


def changed(held: ConversationNotifications, form: Form) -> ConversationNotifications:
    """Empty restores a default. Raises HttpError with the code of the first bad parameter."""
    log = given(form.boolean("LogEnabled"), held.log_enabled)
    new_message = _settings(form, "NewMessage", held.new_message)
    badge = given(form.boolean("NewMessage.BadgeCountEnabled"), new_message.badge_count_enabled)
    return ConversationNotifications(
        log_enabled=log,
        new_message=replace(new_message, badge_count_enabled=badge),
        new_message_with_media=_with_media(form, held.new_message_with_media),
        added_to_conversation=_settings(form, "AddedToConversation", held.added_to_conversation),
        removed_from_conversation=_settings(form, "RemovedFromConversation", held.removed_from_conversation),
    )


def _settings(form: Form, name: str, held: NotificationSettings) -> NotificationSettings:
    enabled = form.boolean(f"{name}.Enabled")
    template = _template(form, name)
    sound = form.text_or_none(f"{name}.Sound", limit=limits.SOUND_CHARS, code=Code.SOUND_TOO_LONG)
    return replace(
        held,
        enabled=given(enabled, held.enabled),
        template=given(template, held.template),
        sound=given(sound, held.sound),
    )


def _with_media(form: Form, held: MediaNotification | None) -> MediaNotification | None:
    enabled = form.boolean("NewMessage.WithMedia.Enabled")
    template = _template(form, "NewMessage.WithMedia")
    if isinstance(enabled, Unset) and isinstance(template, Unset):
        return held
    was = held or MediaNotification()
    return MediaNotification(enabled=given(enabled, was.enabled), template=given(template, was.template))


def _template(form: Form, name: str) -> str | Unset | None:
    return form.text_or_none(f"{name}.Template", limit=limits.TEMPLATE_CHARS, code=Code.TEMPLATE_TOO_LONG)
