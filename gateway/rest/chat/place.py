"""The service a request is about: always the first object of a path."""

from __future__ import annotations

from dataclasses import dataclass

from chatcore.commands.chat import Chat
from chatcore.domain.model import Actor, Service
from gateway.http.call import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A service of the caller's account, and where its URLs are."""

    service: Service
    call: Call

    @property
    def actor(self) -> Actor:
        """The REST caller, for operations that never raise webhooks."""
        return Actor(account_sid=self.service.account_sid, service_sid=self.service.sid)

    @property
    def webhook_actor(self) -> Actor:
        """The REST caller, for operations that raise post-event webhooks where the request asks for them."""
        return Actor(account_sid=self.service.account_sid, service_sid=self.service.sid, webhooks=self.call.webhooks)

    def url(self, *segments: str) -> str:
        """A URL below the service."""
        return self.call.url("Services", self.service.sid, *segments)


async def enter(chat: Chat, call: Call) -> Place:
    """Raises ChatError(SERVICE_NOT_FOUND), for services of other accounts too."""
    service = await chat.services.get(call.principal.account_sid, call.params["service"])
    return Place(service=service, call=call)
