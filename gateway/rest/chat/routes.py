"""Every operation of Chat v2."""

from __future__ import annotations

from chatcore.commands.chat import Chat
from gateway.http.call import Handler
from gateway.http.router import Route

from .channels import Channels
from .members import Members
from .messages import Messages
from .roles import Roles
from .services import Services
from .users import Online, Users

__all__ = ["Online", "routes"]


def routes(chat: Chat, online: Online | None) -> list[Route[Handler]]:
    """`online` tells who has a live connection; without it reachability is unknown."""
    resources = (Services(chat), Roles(chat), Users(chat, online), Channels(chat), Members(chat), Messages(chat))
    return [route for resource in resources for route in resource.routes()]
