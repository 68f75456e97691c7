"""Every operation of Conversations v1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from chatcore.commands.chat import Chat
from gateway.http.call import Handler
from gateway.http.router import Route
from gateway.rest.credentials import Credentials
from gateway.rest.reachability import Online, Reachability

from .account_configuration import AccountConfigurations
from .account_webhooks import AccountWebhooks
from .addresses import Addresses
from .bindings import Bindings
from .conversations import Conversations
from .errors import in_own_words
from .messages import Messages
from .notifications import Notifications
from .participant_conversations import ParticipantConversations
from .participants import Participants
from .receipts import Receipts
from .roles import Roles
from .scoped_webhooks import ScopedWebhooks
from .service_configuration import ServiceConfigurations
from .service_webhooks import ServiceWebhooks
from .services import Services
from .user_conversations import UserConversations
from .users import Users
from .with_participants import WithParticipants

__all__ = ["Online", "routes"]


class Resource(Protocol):
    def routes(self) -> Sequence[Route[Handler]]: ...


def routes(chat: Chat, online: Online | None) -> list[Route[Handler]]:
    """`online` tells who has a live connection; without it reachability is unknown."""
    resources: list[Resource] = [
        AccountConfigurations(chat),
        AccountWebhooks(chat),
        Addresses(chat),
        Services(chat),
        ServiceConfigurations(chat),
        Notifications(chat),
        ServiceWebhooks(chat),
        Roles(chat),
        Users(chat, Reachability(online)),
        UserConversations(chat),
        Bindings(chat),
        Credentials(chat, "v1", page_max=100, retyped=True),
        Conversations(chat),
        WithParticipants(chat),
        Messages(chat),
        Receipts(chat),
        Participants(chat),
        ParticipantConversations(chat),
        ScopedWebhooks(chat),
    ]
    return [in_own_words(route) for resource in resources for route in resource.routes()]
