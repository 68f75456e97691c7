"""The bundle of commands that protocol peers and REST handlers are given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from chatcore.ports.broker import Publisher
from chatcore.ports.clock import Clock
from chatcore.ports.devices import CredentialSafe
from chatcore.ports.hooks import BeforeHook
from chatcore.ports.store import Store

from .accounts import Accounts
from .channel_webhooks import ChannelWebhooks
from .channels import Channels
from .conversations import Conversations
from .credentials import Credentials
from .deliveries import Deliveries
from .devices import Devices
from .guests import Guests
from .history import History
from .horizons import Horizons
from .invites import Invites
from .members import Members
from .messages import Messages
from .participants import Participants
from .rates import Rates
from .roles import Roles
from .send_batch import SendBatch
from .services import Services
from .typing_indicator import TypingIndicator
from .unit import Unit
from .users import Users


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """Everything an identity or a REST caller may ask."""

    accounts: Accounts
    services: Services
    roles: Roles
    users: Users
    channels: Channels
    conversations: Conversations
    participants: Participants
    guests: Guests
    deliveries: Deliveries
    invites: Invites
    channel_webhooks: ChannelWebhooks
    devices: Devices
    credentials: Credentials
    members: Members
    messages: Messages
    horizons: Horizons
    typing: TypingIndicator
    history: History
    batch: SendBatch

    async def run(self) -> None:
        """The batches' work; sends and read horizons wait until this runs. Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.batch.run(), name="send batch")
            tasks.create_task(self.horizons.run(), name="read horizons")
            tasks.create_task(self.horizons.tell(), name="read horizons, fan-out")


def build(
    store: Store,
    publisher: Publisher,
    clock: Clock,
    hook: BeforeHook,
    rates: Rates,
    *,
    limit_ceiling: int,
    safe: CredentialSafe | None = None,
    ring: Callable[[], None] = lambda: None,
) -> Chat:
    """Wires the commands to their ports. Without a `safe` push credentials cannot be made or changed."""
    unit = Unit(store, publisher, clock, ring)
    services = Services(store, clock, limit_ceiling=limit_ceiling)
    batch = SendBatch(unit, rates, services)
    accounts, channels, members = Accounts(store, clock), Channels(unit, rates, hook), Members(unit, rates, hook)
    return Chat(
        accounts=accounts,
        services=services,
        roles=Roles(unit, rates),
        users=Users(unit, rates, hook),
        channels=channels,
        conversations=Conversations(unit, accounts, channels),
        participants=Participants(unit, rates, members),
        guests=Guests(unit, rates, hook),
        deliveries=Deliveries(unit),
        invites=Invites(unit, rates),
        channel_webhooks=ChannelWebhooks(unit),
        devices=Devices(unit),
        credentials=Credentials(store, clock, safe),
        members=members,
        messages=Messages(unit, rates, hook, batch, services),
        horizons=Horizons(unit),
        typing=TypingIndicator(unit, services),
        history=History(store),
        batch=batch,
    )
