"""What accounts configure for all their services, as the database keeps it."""

from __future__ import annotations

from typing import Protocol

from chatcore.domain.account import AccountConfiguration, AddressConfiguration
from chatcore.domain.ids import AccountSid, ServiceSid
from chatcore.domain.paging import Page, Window


class AccountConfigurations(Protocol):
    async def get(self, account_sid: AccountSid) -> AccountConfiguration | None:
        """None for an account without a default service: it never had one, or it was deleted."""
        ...

    async def default_service(self, account_sid: AccountSid) -> ServiceSid | None: ...

    async def lock(self, account_sid: AccountSid) -> None:
        """Nobody else changes the configuration before the commit. Comes before every other lock."""
        ...

    async def set_default_service(self, account_sid: AccountSid, service_sid: ServiceSid) -> None: ...

    async def update(self, configuration: AccountConfiguration) -> None: ...


class Addresses(Protocol):
    async def insert(self, configuration: AddressConfiguration) -> None:
        """Raises ChatError(CONFLICT) for an address that the account has configured already."""
        ...

    async def get(self, account_sid: AccountSid, key: str, *, lock: bool = False) -> AddressConfiguration | None:
        """By SID or address."""
        ...

    async def list(
        self, account_sid: AccountSid, window: Window, *, kind: str | None = None
    ) -> Page[AddressConfiguration]: ...

    async def update(self, configuration: AddressConfiguration) -> None: ...

    async def delete(self, sid: str) -> None: ...
