"""Every path that the Twilio SDKs ask for inside their socket, Sync apart."""

from __future__ import annotations

from chatcore.commands.chat import Chat
from gateway.sdkhttp.dispatch import Handler
from gateway.sdkhttp.routes import Route

from .absent import Absent
from .channels import Channels, Expect
from .configuration import Configuration
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
    return [route for room in rooms for route in room.routes()]
