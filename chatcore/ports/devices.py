"""Devices that want pushes and the credentials pushes are sent with, as the database and the safe keep them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from chatcore.domain.devices import Binding, Credential, PushType
from chatcore.domain.ids import AccountSid, CredentialSid, Identity, ServiceSid, UserSid
from chatcore.domain.model import UNSET, Unset
from chatcore.domain.paging import Page, Window


class Bindings(Protocol):
    """A device that was unregistered, or that its provider knows no more, is invisible here; where it is the last one
    of its user, the row stays for a while, so that "has none any more" differs from "never had one"."""

    async def claim(
        self, service_sid: ServiceSid, kind: PushType, address: str, identity: Identity, endpoint: str
    ) -> Sequence[Binding]:
        """What stands in the way of a registration, locked: the device that has the address, and the one of the same
        identity and endpoint. Devices whose token died are among them, and live again once they are replaced."""
        ...

    async def insert(self, binding: Binding) -> None:
        """Raises TransactionConflict where another registration was faster."""
        ...

    async def replace(self, binding: Binding) -> None:
        """Raises TransactionConflict where another registration took the address or the endpoint."""
        ...

    async def retire(self, binding: Binding, now: datetime) -> None:
        """Forgets endpoint and address."""
        ...

    async def delete(self, sids: Sequence[str]) -> None:
        """Without leaving a trace."""
        ...

    async def get(self, service_sid: ServiceSid, sid: str, *, user_sid: UserSid | None = None) -> Binding | None: ...

    async def at(self, service_sid: ServiceSid, kind: PushType, address: str) -> Binding | None: ...

    async def list(
        self,
        service_sid: ServiceSid,
        window: Window,
        *,
        kinds: Sequence[PushType] | None = None,
        identities: Sequence[Identity] = (),
        user_sid: UserSid | None = None,
    ) -> Page[Binding]:
        """`kinds` None: of all kinds. Without identities and user: everybody's."""
        ...

    async def of_user(self, user_sid: UserSid, kind: PushType) -> Sequence[Binding]:
        """Most recently registered first."""
        ...

    async def notifiable(self, user_sids: Sequence[UserSid]) -> Mapping[UserSid, bool]:
        """Whether they have a device; users who never had one are left out."""
        ...

    async def delete_of_credential(self, sid: CredentialSid) -> None: ...

    async def purge(self, *, retired_before: datetime, registered_before: datetime, limit: int) -> int:
        """Deletes rows that only remember a device, and devices not registered again since. Returns how many."""
        ...


class Credentials(Protocol):
    async def insert(self, credential: Credential, sealed: bytes) -> None: ...

    async def get(self, account_sid: AccountSid, sid: str) -> Credential | None: ...

    async def lock(self, account_sid: AccountSid, sid: str) -> tuple[Credential, bytes] | None:
        """With its sealed secrets; nobody else changes it before the commit."""
        ...

    async def list(self, account_sid: AccountSid, window: Window) -> Page[Credential]: ...

    async def update(self, credential: Credential, sealed: bytes) -> None: ...

    async def delete(self, sid: CredentialSid) -> None:
        """With the bindings that use it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretParts:
    """Secrets of a credential as they were given. UNSET: not given; None: cleared."""

    certificate: str | Unset | None = UNSET
    private_key: str | Unset | None = UNSET
    api_key: str | Unset | None = UNSET
    secret: str | Unset | None = UNSET
    key_id: str | Unset | None = UNSET
    team_id: str | Unset | None = UNSET
    topic: str | Unset | None = UNSET


NO_PARTS: Final = SecretParts()


class CredentialSafe(Protocol):
    """Checks the secrets of credentials and seals them. What does not belong to the kind is ignored."""

    def seal(self, kind: PushType, parts: SecretParts) -> bytes:
        """Raises ChatError(INVALID_PARAMETER), whose message names the parameter and never quotes it."""
        ...

    def reseal(self, kind: PushType, sealed: bytes, parts: SecretParts) -> bytes:
        """What was sealed, with the given parts changed; the same bytes where nothing changes. Raises as `seal`."""
        ...
