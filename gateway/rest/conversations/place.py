"""Where a request takes place: in the service its path names, or in the account's default one.

Most resources are reachable both ways, with the same parameters and properties; generated URLs keep to the form the
request came in.
"""

from __future__ import annotations

from dataclasses import dataclass

from chatcore.commands.chat import Chat
from chatcore.domain.model import Actor, Channel, ChannelType, Service
from gateway.http.call import Call, Handler
from gateway.http.router import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A chat service of the caller's account, and where its URLs are."""

    service: Service
    call: Call

    @property
    def named(self) -> bool:
        """Whether the path names the service."""
        return "service" in self.call.params

    @property
    def actor(self) -> Actor:
        """The REST caller, for operations that never raise webhooks."""
        return Actor(account_sid=self.service.account_sid, service_sid=self.service.sid)

    @property
    def webhook_actor(self) -> Actor:
        """The REST caller, for operations that raise post-event webhooks where the request asks for them."""
        return Actor(account_sid=self.service.account_sid, service_sid=self.service.sid, webhooks=self.call.webhooks)

    def url(self, *segments: str) -> str:
        """A URL of the service, in the form of this request."""
        return self.service_url(*segments) if self.named else self.call.url(*segments)

    def service_url(self, *segments: str) -> str:
        """A URL that names the service."""
        return self.call.url("Services", self.service.sid, *segments)

    def own_sid(self) -> dict[str, object]:
        """The property that messages, participants, receipts and webhooks have only where the path names the
        service."""
        return {"chat_service_sid": self.service.sid} if self.named else {}


async def enter(chat: Chat, call: Call) -> Place:
    """Raises ChatError(SERVICE_NOT_FOUND), for services of other accounts too."""
    account_sid, sid = call.principal.account_sid, call.params.get("service")
    if sid is None:
        return Place(service=await chat.accounts.default_service(account_sid), call=call)
    return Place(service=await chat.services.get(account_sid, sid), call=call)


async def enter_conversation(chat: Chat, call: Call) -> tuple[Place, Channel]:
    """Service and conversation of the path. A public channel is none, and never becomes public again once it is one.

    Raises ChatError(SERVICE_NOT_FOUND), (CHANNEL_NOT_FOUND), and HttpError(404).
    """
    place = await enter(chat, call)
    channel = (await chat.channels.get(place.actor, call.params["conversation"])).channel
    if channel.type is not ChannelType.PRIVATE:
        raise call.not_found()
    return place, channel


def both_forms(method: str, path: str, handler: Handler) -> list[Route[Handler]]:
    """An operation in the default form and in the one that names the service (`{service}`)."""
    return [Route(method, f"/v1/{path}", handler), Route(method, f"/v1/Services/{{service}}/{path}", handler)]
