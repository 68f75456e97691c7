"""Conversations that fall asleep or close because nothing happened in them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Protocol

from chatcore.domain.errors import ChatError
from chatcore.domain.ids import ChannelSid
from chatcore.domain.model import Actor

logger = logging.getLogger(__name__)

SECONDS: Final = 1.0
PAGE: Final = 100


class Timed(Protocol):
    """`chatcore.commands.channels.Channels`, as far as it is needed here."""

    async def due(self, limit: int) -> Sequence[tuple[Actor, ChannelSid]]: ...

    async def run_timer(self, actor: Actor, sid: ChannelSid) -> object | None: ...


class Timers:
    """Any number of workers may step at the same time: each transition happens once."""

    def __init__(self, channels: Timed) -> None:
        self._channels = channels

    async def step(self) -> int:
        """Moves all that are due; returns how many. Raises ChatError(UNAVAILABLE)."""
        moved = 0
        while True:
            due = await self._channels.due(PAGE)
            page = sum([await self._run(actor, sid) for actor, sid in due])
            moved += page
            if len(due) < PAGE or not page:
                return moved

    async def _run(self, actor: Actor, sid: ChannelSid) -> bool:
        """One that fails does not keep the others waiting."""
        try:
            return await self._channels.run_timer(actor, sid) is not None
        except ChatError as error:
            if error.temporary:
                raise
            logger.warning("A timer of %s cannot run: %s", sid, error.message, extra={"action": "timer_failed"})
        except Exception:
            logger.exception("A timer of %s cannot run", sid, extra={"action": "timer_failed"})
        return False
