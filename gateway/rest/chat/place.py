"""The service a request is about: always the first object of a path."""

from __future__ import annotations

from dataclasses import dataclass

from chatcore.commands.chat import Chat
from chatcore.domain.model import Actor, Channel, Service, User
from gateway.http.call import Call

from .version import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A service of the caller's account, and where its URLs are."""

    service: Service
    call: Call
    version: Version

    @property
    def actor(self) -> Actor:
        """The REST caller, for operations that never raise webhooks."""
        return Actor(account_sid=self.service.account_sid, service_sid=self.service.sid)

    @property
    def webhook_actor(self) -> Actor:
        """The REST caller, for operations that raise post-event webhooks where the request asks for them."""
        webhooks = self.version.webhook_header and self.call.webhooks
        return Actor(account_sid=self.service.account_sid, service_sid=self.service.sid, webhooks=webhooks)

    def url(self, *segments: str) -> str:
        """A URL below the service."""
        return self.call.url("Services", self.service.sid, *segments)


async def enter(chat: Chat, version: Version, call: Call) -> Place:
    """Raises ChatError(SERVICE_NOT_FOUND), for services of other accounts too."""
    service = await chat.services.get(call.principal.account_sid, call.params["service"])
    return Place(service=service, call=call, version=version)


async def enter_channel(chat: Chat, version: Version, call: Call) -> tuple[Place, Channel]:
    """Service and channel of the path. Raises ChatError(SERVICE_NOT_FOUND) and (CHANNEL_NOT_FOUND)."""
    place = await enter(chat, version, call)
    access = await chat.channels.get(place.actor, call.params["channel"])
    return place, access.channel


async def enter_user(chat: Chat, version: Version, call: Call) -> tuple[Place, User]:
    """Service and user of the path. Raises ChatError(SERVICE_NOT_FOUND) and (USER_NOT_FOUND)."""
    place = await enter(chat, version, call)
    return place, await chat.users.get(place.actor, call.params["user"])
