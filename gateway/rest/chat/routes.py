"""Every operation of Chat. IP Messaging is the same under another name, without version 3."""

from __future__ import annotations

from chatcore.commands.chat import Chat
from gateway.http.call import Handler
from gateway.http.router import Route
from gateway.rest.reachability import Online, Reachability

from .bindings import Bindings, UserBindings
from .channel_webhooks import ChannelWebhooks
from .channels import Channels
from .credentials import Credentials
from .invites import Invites
from .members import Members
from .messages import Messages
from .migration import Migration
from .roles import Roles
from .services import Services
from .user_channels import UserChannels
from .users import Users
from .version import Version
from .versions import V1, V2

__all__ = ["Online", "ip_messaging_routes", "routes"]


def routes(chat: Chat, online: Online | None) -> list[Route[Handler]]:
    """`online` tells who has a live connection; without it reachability is unknown."""
    return [*ip_messaging_routes(chat, online), *Migration(chat).routes()]


def ip_messaging_routes(chat: Chat, online: Online | None) -> list[Route[Handler]]:
    """Versions 1 and 2."""
    in_v2 = (ChannelWebhooks(chat, V2), Bindings(chat, V2), UserBindings(chat, V2), UserChannels(chat, V2))
    return [
        *_in_both(chat, V1, online),
        *UserChannels(chat, V1).list_routes(),
        *_in_both(chat, V2, online),
        *(route for resource in in_v2 for route in resource.routes()),
    ]


def _in_both(chat: Chat, version: Version, online: Online | None) -> list[Route[Handler]]:
    resources = (
        Services(chat, version),
        Roles(chat, version),
        Users(chat, version, Reachability(online)),
        Channels(chat, version),
        Members(chat, version),
        Messages(chat, version),
        Invites(chat, version),
        Credentials(chat, version),
    )
    return [route for resource in resources for route in resource.routes()]
