"""Every path that the Twilio SDKs ask for inside their socket, Sync apart."""

from __future__ import annotations

from chatcore.commands.chat import Chat
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.errors import not_found
from gateway.sdkhttp.exchange import SdkResponse
from gateway.sdkhttp.routes import Route

from .absent import Absent
from .channels import Channels, Expect
from .configuration import Configuration
from .links import OLD
from .members import Members
from .messages import Messages
from .older import Older
from .registrations import Registrations
from .typing_indicator import Typing
from .users import Notifiable, Online, Users


def routes(
    chat: Chat, configuration: Configuration, online: Online, notifiable: Notifiable, expect: Expect
) -> list[Route[Handler]]:
    rooms = (
        configuration,
        Channels(chat, expect),
        Members(chat),
        Messages(chat),
        Users(chat, online, notifiable),
        Typing(chat),
        Older(chat, expect),
        Absent(chat),
        Registrations(chat),
    )
    return [_in_own_service(route) for room in rooms for route in room.routes()]


def _in_own_service(route: Route[Handler]) -> Route[Handler]:
    """Where a path names a service, it has to be that of the token: others are not there."""
    if not route.pattern.startswith(f"{OLD}/"):
        return route

    async def handle(call: Call) -> SdkResponse:
        if call.params["service"] != call.request.session.actor.service_sid:
            raise not_found()
        return await route.handler(call)

    return Route(route.method, route.pattern, handle)
