"""What may look at an action before it happens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from chatcore.domain.model import Actor, Service
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action

Look = Callable[[], Awaitable[Facts]]
"""Reads what the action is about, with the intended values in place. Raises what the command would where the actor may
not do it or it is not there, so that nobody is asked about it. Called only if somebody wants to know."""

Changes = Mapping[str, str]
"""Fields to replace: `body`, `author`, `attributes` of a message, `friendly_name`, `unique_name`, `attributes` of a
channel. The command checks them as if the caller had given them."""

NO_CHANGES: Changes = {}


class BeforeHook(Protocol):
    """Asked outside any transaction, holding no lock and no database connection: an answer may take seconds.

    Raises ChatError(WEBHOOK_REJECTED) to refuse the action.
    """

    def asks(self, actor: Actor, service: Service, action: Action) -> bool:
        """Whether anybody may want to look. Quick; false means that `before` would let the action pass unchanged."""
        ...

    async def before(self, actor: Actor, action: Action, look: Look) -> Changes: ...


class NullHook:
    """Lets everything pass unchanged."""

    def asks(self, actor: Actor, service: Service, action: Action) -> bool:
        return False

    async def before(self, actor: Actor, action: Action, look: Look) -> Changes:
        return NO_CHANGES
