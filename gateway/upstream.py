"""What answers the requests inside Twilsock: Sync and the SDK's own paths, behind no port of their own.

The identity of a request is that of its connection, and comes from nowhere else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from chatcore.commands.chat import Chat
from chatcore.domain.ids import Identity, ServiceSid, UserSid
from chatcore.ports.clock import Clock
from chatcore.ports.sync import SyncReads
from gateway.hub.hub import Hub
from gateway.hub.relay import Relay
from gateway.sdk.actions import Actions
from gateway.sdk.configuration import Configuration
from gateway.sdk.links import MediaLinks
from gateway.sdk.routes import routes
from gateway.sdkhttp.dispatch import Dispatcher
from gateway.sync.command_lists import CommandLists
from gateway.sync.routes import Sync
from gateway.sync.services import SyncServices

Online = Callable[[ServiceSid, list[Identity]], Awaitable[Mapping[Identity, bool | None]]]


def build_upstream(
    *,
    chat: Chat,
    reads: SyncReads,
    hub: Hub,
    relay: Relay,
    clock: Clock,
    online: Online,
    start: Callable[[Coroutine[Any, Any, None], str], object],
    media: MediaLinks,
    count: Callable[[str, str, float], None],
) -> Dispatcher:
    """`count` hears of every request: route, status, seconds."""

    async def notifiable(service_sid: ServiceSid, user_sids: list[UserSid]) -> Mapping[UserSid, bool | None]:
        return await chat.devices.is_notifiable(user_sids)

    services = SyncServices(
        chat=chat,
        reads=reads,
        hub=hub,
        relay=relay,
        clock=clock,
        online=online,
        notifiable=notifiable,
        start=start,
    )
    configuration = Configuration(chat, media)
    commands = CommandLists(Actions(chat).perform, configuration.describe, clock)
    sync = Sync(services, commands)
    paths = [*sync.routes(), *routes(chat, configuration, online, notifiable, sync.expect)]
    return Dispatcher(paths, clock, count)
