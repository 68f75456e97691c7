"""Ends connections whose API key, account, service or user goes away.

Nobody announces that: once a second the node asks the database about everything its connections rest on, broker or
no broker. Users are asked about in slices that are spread over the second, so that no statement is long.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Collection
from enum import StrEnum
from typing import Protocol

from chatcore.domain.errors import ChatError
from chatcore.domain.ids import KeySid, ServiceSid, UserSid
from chatcore.ports.standing import Gone, StandingReader

logger = logging.getLogger(__name__)
ROUND = 1.0  # seconds in which every holder is looked at
SLICE = 1000  # users per statement
CROWD = 100  # connections that are told without a pause: closing costs


class Lost(StrEnum):
    """What a connection rested on."""

    KEY_REVOKED = "key_revoked"
    ACCOUNT_SUSPENDED = "account_suspended"
    SERVICE_DELETED = "service_deleted"
    USER_DELETED = "user_deleted"


class Holder(Protocol):
    """An authenticated connection. Its key may change while it is in (a token that was renewed), the others not."""

    @property
    def key_sid(self) -> KeySid: ...

    @property
    def service_sid(self) -> ServiceSid: ...

    @property
    def user_sid(self) -> UserSid: ...

    def lost(self, why: Lost) -> None:
        """Called once, on the loop; the holder is out already. Must not raise."""
        ...


class Standing:
    """The connections of this node, about 200 bytes each."""

    def __init__(self, reader: StandingReader) -> None:
        self._reader = reader
        self._holders: dict[UserSid, tuple[Holder, ...]] = {}
        self._away = False

    def enter(self, holder: Holder) -> None:
        held = self._holders.get(holder.user_sid, ())
        if holder not in held:
            self._holders[holder.user_sid] = (*held, holder)

    def leave(self, holder: Holder) -> None:
        """Unknown holders are ignored."""
        others = tuple(held for held in self._holders.get(holder.user_sid, ()) if held is not holder)
        if others:
            self._holders[holder.user_sid] = others
        else:
            self._holders.pop(holder.user_sid, None)

    async def run(self) -> None:
        """Until cancelled. While the database is away nobody loses anything."""
        loop = asyncio.get_running_loop()
        next_at = loop.time()
        while True:
            users = list(self._holders)
            slices = max(1, math.ceil(len(users) / SLICE))
            for number in range(slices):
                next_at = max(next_at + ROUND / slices, loop.time())
                await self._check(users[number::slices])
                await asyncio.sleep(next_at - loop.time())

    async def _check(self, users: Collection[UserSid]) -> None:
        try:
            await self._look(users)
            self._away = False
        except ChatError as error:
            if not self._away:
                logger.warning("Standing is unknown: %s", error.message, extra={"action": "standing_unknown"})
            self._away = True
        except Exception:
            logger.exception("Standing could not be checked", extra={"action": "standing_failed"})

    async def _look(self, users: Collection[UserSid]) -> None:
        holders = [holder for user in users for holder in self._holders.get(user, ())]
        if not holders:
            return
        keys = {holder.key_sid for holder in holders}
        services = {holder.service_sid for holder in holders}
        gone = await self._reader.gone(keys, services, users)
        if not gone:
            return
        told = 0
        for holder in holders:
            why = _why(gone, holder)
            if why is None or holder not in self._holders.get(holder.user_sid, ()):
                continue
            self.leave(holder)
            holder.lost(why)
            told += 1
            if told % CROWD == 0:
                await asyncio.sleep(0)
        logger.info("%d connections lost their standing", told, extra={"action": "standing_lost"})


def _why(gone: Gone, holder: Holder) -> Lost | None:
    if holder.key_sid in gone.keys:
        return Lost.KEY_REVOKED
    if holder.key_sid in gone.suspended:
        return Lost.ACCOUNT_SUSPENDED
    if holder.service_sid in gone.services:
        return Lost.SERVICE_DELETED
    return Lost.USER_DELETED if holder.user_sid in gone.users else None
