"""Commands on services: tenants of an account, made and configured through REST."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from chatcore.domain import limits
from chatcore.domain.blueprint import new_service
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, ServiceSid, new_sid
from chatcore.domain.model import Actor, Service
from chatcore.domain.paging import Page, Window
from chatcore.domain.permissions import RoleType
from chatcore.ports.clock import Clock
from chatcore.ports.store import Repositories, Store

SETTINGS_AGE = 1.0  # seconds a send may rely on settings it has read


def service_not_found(sid: str) -> ChatError:
    return ChatError(Code.SERVICE_NOT_FOUND, f"Service {sid} was not found")


class Services:
    """One public method is one command."""

    def __init__(self, store: Store, clock: Clock, *, limit_ceiling: int) -> None:
        self._store = store
        self._clock = clock
        self._ceiling = limit_ceiling
        self._settings: dict[ServiceSid, tuple[float, Service]] = {}
        self._reading: dict[ServiceSid, asyncio.Task[Service | None]] = {}

    async def create(self, account_sid: AccountSid, friendly_name: str) -> Service:
        name = limits.service_name(friendly_name)
        service, roles = new_service(account_sid, name, ServiceSid(new_sid("IS")), self._clock.now())
        async with self._store.transaction() as tx:
            await tx.services.create(service, roles)
        return service

    async def get(self, account_sid: AccountSid, sid: str) -> Service:
        service = await self._store.read.services.get(account_sid, sid)
        if service is None:
            raise service_not_found(sid)
        return service

    async def list(self, account_sid: AccountSid, window: Window) -> Page[Service]:
        return await self._store.read.services.list(account_sid, window)

    async def settings(self, actor: Actor) -> Service:
        """The service as read at most SETTINGS_AGE ago: only for decisions that may lag. Callers that have to wait
        share one statement and go on in the order in which they came."""
        service = self._recent(actor)
        if service is None:
            reading = self._reading.get(actor.service_sid)
            if reading is None:
                reading = self._reading[actor.service_sid] = asyncio.ensure_future(self._read(actor.service_sid))
            service = await asyncio.shield(reading)
        if service is None or service.account_sid != actor.account_sid:
            raise service_not_found(actor.service_sid)
        return service

    def settings_at_hand(self, actor: Actor) -> Service | None:
        """What `settings` would answer without waiting."""
        service = self._recent(actor)
        return service if service is not None and service.account_sid == actor.account_sid else None

    def _recent(self, actor: Actor) -> Service | None:
        held = self._settings.get(actor.service_sid)
        return held[1] if held is not None and self._clock.monotonic() - held[0] < SETTINGS_AGE else None

    async def _read(self, sid: ServiceSid) -> Service | None:
        try:
            service = await self._store.read.services.find(sid)
            if service is None:
                self._settings.pop(sid, None)
            else:
                self._settings[sid] = (self._clock.monotonic(), service)
            return service
        finally:
            del self._reading[sid]

    async def update(self, account_sid: AccountSid, sid: str, change: Callable[[Service], Service]) -> Service:
        """`change` is given the service under its lock: of two concurrent updates each keeps the other's fields.
        Nothing changed: answers with the service as it is."""
        known = await self.get(account_sid, sid)
        async with self._store.transaction() as tx:
            old = await tx.services.lock(known.sid)
            if old is None:
                raise service_not_found(sid)
            new = change(old)
            if new == old:
                return old
            await self._check(tx, old, new)
            new = replace(new, date_updated=self._clock.now())
            await tx.services.update(new)
        self._settings.pop(new.sid, None)
        return new

    async def delete(self, account_sid: AccountSid, sid: str) -> None:
        service = await self.get(account_sid, sid)
        async with self._store.transaction() as tx:
            await tx.services.delete(service.sid, self._clock.now())
        self._settings.pop(service.sid, None)

    async def _check(self, tx: Repositories, old: Service, new: Service) -> None:
        limits.service_name(new.friendly_name)
        if new.typing_indicator_timeout < 1:
            raise ChatError(Code.TYPING_TIMEOUT_INVALID, "TypingIndicatorTimeout must be at least 1")
        if new.consumption_report_interval < 0:
            raise ChatError(Code.CONSUMPTION_INTERVAL_INVALID, "ConsumptionReportInterval must not be negative")
        if not 1 <= new.limit_channel_members <= self._ceiling:
            raise ChatError(
                Code.CHANNEL_MEMBERS_LIMIT_INVALID, f"Limits.ChannelMembers must be between 1 and {self._ceiling}"
            )
        if not 1 <= new.limit_user_channels <= self._ceiling:
            raise ChatError(
                Code.USER_CHANNELS_LIMIT_INVALID, f"Limits.UserChannels must be between 1 and {self._ceiling}"
            )
        if not 0 <= new.pre_webhook_retry_count <= 3 or not 0 <= new.post_webhook_retry_count <= 3:
            raise ChatError(Code.RETRY_COUNT_INVALID, "Retry counts must be between 0 and 3")
        for was, sid, kind, code in (
            (
                old.default_service_role_sid,
                new.default_service_role_sid,
                RoleType.DEPLOYMENT,
                Code.DEPLOYMENT_ROLE_NOT_FOUND,
            ),
            (old.default_channel_role_sid, new.default_channel_role_sid, RoleType.CHANNEL, Code.CHANNEL_ROLE_NOT_FOUND),
            (
                old.default_channel_creator_role_sid,
                new.default_channel_creator_role_sid,
                RoleType.CHANNEL,
                Code.CREATOR_ROLE_NOT_FOUND,
            ),
        ):
            if sid != was:
                role = await tx.roles.get(new.sid, sid)
                if role is None or role.type is not kind:
                    raise ChatError(code, f"Role {sid} was not found")
