"""What may look at an action before it happens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from chatcore.domain.model import Actor


class BeforeHook(Protocol):
    """Asked outside any transaction, holding no lock: an answer may take seconds.

    `action` is the pre-event's name (`onMessageSend` …), `fields` the intended values. The result replaces those
    fields; ChatError(WEBHOOK_REJECTED) refuses the action.
    """

    async def before(self, actor: Actor, action: str, fields: Mapping[str, str | None]) -> Mapping[str, str | None]: ...


class NullHook:
    """Lets everything pass unchanged."""

    async def before(self, actor: Actor, action: str, fields: Mapping[str, str | None]) -> Mapping[str, str | None]:
        return fields
