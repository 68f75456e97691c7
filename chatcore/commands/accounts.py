"""Commands on accounts: what they configure for all their services, and the addresses of their messaging gateways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chatcore.domain import durations, limits
from chatcore.domain.account import AccountConfiguration, AddressConfiguration, AutoCreation
from chatcore.domain.blueprint import new_service
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, AddressSid, ServiceSid, is_sid, new_sid
from chatcore.domain.model import Service
from chatcore.domain.paging import Page, Window
from chatcore.ports.clock import Clock
from chatcore.ports.store import Store

from .services import service_not_found

DEFAULT_SERVICE_NAME = "Default Conversations Service"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDraft:
    """A new address configuration."""

    type: str
    address: str
    address_country: str | None = None
    friendly_name: str | None = None
    auto_creation: AutoCreation


def address_not_found(key: str) -> ChatError:
    return ChatError(Code.NOT_FOUND, f"Address configuration {key} was not found")


class Accounts:
    """One public method is one command."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def default_service(self, account_sid: AccountSid) -> Service:
        """Where an account that names no service acts. Made when it is first asked for, and again once it was
        deleted."""
        sid = await self._store.read.account_configurations.default_service(account_sid)
        service = None if sid is None else await self._store.read.services.find(sid)
        return await self._new_default(account_sid) if service is None else service

    async def configuration(self, account_sid: AccountSid) -> AccountConfiguration:
        found = await self._store.read.account_configurations.get(account_sid)
        if found is None:
            await self._new_default(account_sid)
            found = await self._store.read.account_configurations.get(account_sid)
        if found is None:
            raise _without_default()
        return found

    async def configure(
        self, account_sid: AccountSid, change: Callable[[AccountConfiguration], AccountConfiguration]
    ) -> AccountConfiguration:
        """`change` is given the configuration under its lock: of two concurrent updates each keeps the other's
        fields. Raises ChatError(SERVICE_NOT_FOUND) for a default service that is not the account's."""
        await self.configuration(account_sid)
        async with self._store.transaction() as tx:
            await tx.account_configurations.lock(account_sid)
            old = await tx.account_configurations.get(account_sid)
            if old is None:
                raise _without_default()
            new = change(old)
            if new == old:
                return old
            _check(new)
            if new.default_service_sid != old.default_service_sid:
                service = await tx.services.get(account_sid, new.default_service_sid)
                if service is None:
                    raise service_not_found(new.default_service_sid)
            await tx.account_configurations.update(new)
        return new

    async def create_address(self, account_sid: AccountSid, draft: AddressDraft) -> AddressConfiguration:
        """Raises ChatError(CONFLICT) for an address that the account has configured already."""
        now = self._clock.now()
        configuration = AddressConfiguration(
            sid=AddressSid(new_sid("IG")),
            account_sid=account_sid,
            type=draft.type,
            address=_address(draft.address),
            address_country=draft.address_country,
            friendly_name=limits.friendly_name(draft.friendly_name),
            auto_creation=draft.auto_creation,
            date_created=now,
            date_updated=now,
        )
        async with self._store.transaction() as tx:
            await tx.addresses.insert(configuration)
        return configuration

    async def address(self, account_sid: AccountSid, key: str) -> AddressConfiguration:
        """By SID or address."""
        found = await self._store.read.addresses.get(account_sid, key)
        if found is None:
            raise address_not_found(key)
        return found

    async def addresses(
        self, account_sid: AccountSid, window: Window, *, kind: str | None = None
    ) -> Page[AddressConfiguration]:
        return await self._store.read.addresses.list(account_sid, window, kind=kind)

    async def update_address(
        self, account_sid: AccountSid, key: str, change: Callable[[AddressConfiguration], AddressConfiguration]
    ) -> AddressConfiguration:
        """`change` is given the configuration under its lock; only name and auto creation may change."""
        async with self._store.transaction() as tx:
            old = await tx.addresses.get(account_sid, key, lock=True)
            if old is None:
                raise address_not_found(key)
            new = change(old)
            if new == old:
                return old
            limits.friendly_name(new.friendly_name)
            new = replace(new, date_updated=self._clock.now())
            await tx.addresses.update(new)
        return new

    async def delete_address(self, account_sid: AccountSid, key: str) -> None:
        async with self._store.transaction() as tx:
            found = await tx.addresses.get(account_sid, key, lock=True)
            if found is None:
                raise address_not_found(key)
            await tx.addresses.delete(found.sid)

    async def _new_default(self, account_sid: AccountSid) -> Service:
        service, roles = new_service(account_sid, DEFAULT_SERVICE_NAME, ServiceSid(new_sid("IS")), self._clock.now())
        async with self._store.transaction() as tx:
            await tx.account_configurations.lock(account_sid)
            sid = await tx.account_configurations.default_service(account_sid)
            held = None if sid is None else await tx.services.find(sid)
            if held is not None:  # another request was faster
                return held
            await tx.services.create(service, roles)
            await tx.account_configurations.set_default_service(account_sid, service.sid)
        return service


def _check(configuration: AccountConfiguration) -> None:
    if not is_sid("MG", configuration.default_messaging_service_sid):
        raise ChatError(Code.MESSAGING_SERVICE_INVALID, "DefaultMessagingServiceSid is not the SID of such a service")
    if configuration.default_inactive_timer is not None:
        durations.inactive_timer(configuration.default_inactive_timer)
    if configuration.default_closed_timer is not None:
        durations.closed_timer(configuration.default_closed_timer)


def _address(text: str) -> str:
    if not text or len(limits.clean("Address", text)) > limits.NAME_CHARS:
        raise ChatError(Code.INVALID_PARAMETER, f"Address must have 1 to {limits.NAME_CHARS} characters")
    if is_sid("IG", text):
        raise ChatError(Code.INVALID_PARAMETER, "Address must not look like the SID of an address configuration")
    return text


def _without_default() -> ChatError:
    return ChatError(Code.CONFLICT, "The default service of the account was deleted in this moment")
