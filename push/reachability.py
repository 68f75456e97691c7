"""Users who lose their last device, or have one again, because of what a provider says."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Final, Protocol

from chatcore.domain.errors import ChatError
from chatcore.domain.ids import CredentialSid, ServiceSid, UserSid
from chatcore.ports.pushes import Pushes

logger = logging.getLogger(__name__)


class Tell(Protocol):
    """`chatcore.commands.devices.Devices.tell_notifiable`."""

    async def __call__(self, service_sid: ServiceSid, user_sids: Collection[UserSid], *, now: bool) -> None: ...


async def _nobody(service_sid: ServiceSid, user_sids: Collection[UserSid], *, now: bool) -> None: ...


class Reachability:
    """What cannot be told because the database is away is lost: whoever asks sees how it is."""

    def __init__(self, pushes: Pushes, tell: Tell = _nobody) -> None:
        self._pushes = pushes
        self._tell: Final = tell

    async def lost(self, service_sid: ServiceSid, user_sids: Collection[UserSid]) -> None:
        if user_sids:
            await self._say(service_sid, user_sids, now=False)

    async def restore(self, sid: CredentialSid, since: datetime) -> None:
        """Takes back what doubtful answers to this credential did to devices since then. Raises
        ChatError(UNAVAILABLE)."""
        revived = await self._pushes.revive(sid, since)
        if not revived:
            return
        extra = {"action": "bindings_restored", "credential": sid}
        logger.warning("%d devices of credential %s were taken back", len(revived), sid, extra=extra)
        users = defaultdict[ServiceSid, set[UserSid]](set)
        for binding in revived:
            if binding.first:
                users[binding.service_sid].add(binding.user_sid)
        for service_sid, user_sids in users.items():
            await self._say(service_sid, user_sids, now=True)

    async def _say(self, service_sid: ServiceSid, user_sids: Collection[UserSid], *, now: bool) -> None:
        try:
            await self._tell(service_sid, user_sids, now=now)
        except ChatError as error:
            extra = {"action": "reachability_not_told", "service": service_sid}
            logger.warning("Who is notifiable cannot be told: %s", error.message, extra=extra)
