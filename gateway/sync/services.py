"""What every connection of this room shares on one node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatcore.commands.chat import Chat
from chatcore.domain.ids import Identity, ServiceSid, UserSid
from chatcore.ports.clock import Clock
from chatcore.ports.sync import SyncReads
from gateway.hub.hub import Hub
from gateway.hub.relay import Relay

from .documents import Documents
from .encode import Encoders

Online = Callable[[ServiceSid, list[Identity]], Awaitable[Mapping[Identity, bool | None]]]
"""Who has a live connection; None while that cannot be told."""

Notifiable = Callable[[ServiceSid, list[UserSid]], Awaitable[Mapping[UserSid, bool | None]]]
"""Who has a device that takes pushes; None for who never had one."""

Start = Callable[[Coroutine[Any, Any, None], str], object]
"""Runs a coroutine in a task that somebody owns; the string names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncServices:
    """Handed to everything in this room."""

    chat: Chat
    reads: SyncReads
    hub: Hub
    relay: Relay
    clock: Clock
    online: Online
    notifiable: Notifiable
    start: Start
    documents: Documents = field(init=False)
    encoders: Encoders = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "documents", Documents(self.hub))
        object.__setattr__(self, "encoders", Encoders(self.documents))
