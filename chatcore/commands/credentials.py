"""Commands on push credentials: account-wide, made through REST. Their secrets go in and never come out."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chatcore.domain import limits
from chatcore.domain.devices import Credential, PushType
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, CredentialSid, new_sid
from chatcore.domain.model import UNSET, Unset, given
from chatcore.domain.paging import Page, Window
from chatcore.ports.clock import Clock
from chatcore.ports.devices import NO_PARTS, CredentialSafe, SecretParts
from chatcore.ports.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialDraft:
    """Fields of a new credential (whose type is needed), or those of an update. UNSET: default, or unchanged."""

    type: PushType | Unset = UNSET
    friendly_name: str | Unset | None = UNSET
    sandbox: bool | Unset = UNSET  # apn only
    secrets: SecretParts = NO_PARTS


def credential_not_found(sid: str) -> ChatError:
    return ChatError(Code.NOT_FOUND, f"Credential {sid} was not found")


def matches(one: PushType, other: PushType) -> bool:
    """GCM and FCM are the same service; Apple's is another."""
    return (one is PushType.APN) is (other is PushType.APN)


class Credentials:
    """One public method is one command. Without a safe no credential can be made or changed."""

    def __init__(self, store: Store, clock: Clock, safe: CredentialSafe | None) -> None:
        self._store = store
        self._clock = clock
        self._safe = safe

    async def create(self, account_sid: AccountSid, draft: CredentialDraft) -> Credential:
        """Raises ChatError(INVALID_PARAMETER) for secrets that cannot be what they should be."""
        if isinstance(draft.type, Unset):
            raise ChatError(Code.INVALID_PARAMETER, "Type is missing")
        kind, now = draft.type, self._clock.now()
        credential = Credential(
            sid=CredentialSid(new_sid("CR")),
            account_sid=account_sid,
            friendly_name=limits.friendly_name(given(draft.friendly_name, None) or None),
            type=kind,
            sandbox=given(draft.sandbox, False) if kind is PushType.APN else None,
            date_created=now,
            date_updated=now,
        )
        sealed = self._safely().seal(kind, draft.secrets)
        async with self._store.transaction() as tx:
            await tx.credentials.insert(credential, sealed)
        return credential

    async def get(self, account_sid: AccountSid, sid: str) -> Credential:
        found = await self._store.read.credentials.get(account_sid, sid)
        if found is None:
            raise credential_not_found(sid)
        return found

    async def list(self, account_sid: AccountSid, window: Window) -> Page[Credential]:
        return await self._store.read.credentials.list(account_sid, window)

    async def update(self, account_sid: AccountSid, sid: str, draft: CredentialDraft) -> Credential:
        """Nothing changed: answers with the credential as it is. Of another provider's type: it loses the secrets and
        the devices it had."""
        async with self._store.transaction() as tx:
            held = await tx.credentials.lock(account_sid, sid)
            if held is None:
                raise credential_not_found(sid)
            old, sealed = held
            kind = given(draft.type, old.type)
            moved = not matches(kind, old.type)
            new = replace(
                old,
                type=kind,
                friendly_name=limits.friendly_name(given(draft.friendly_name, old.friendly_name) or None),
                sandbox=given(draft.sandbox, old.sandbox or False) if kind is PushType.APN else None,
            )
            safe = self._safely()
            fresh = safe.seal(kind, draft.secrets) if moved else safe.reseal(kind, sealed, draft.secrets)
            if new == old and fresh == sealed:
                return old
            new = replace(new, date_updated=self._clock.now())
            await tx.credentials.update(new, fresh)
            if moved:
                await tx.bindings.delete_of_credential(new.sid)
        return new

    async def delete(self, account_sid: AccountSid, sid: str) -> None:
        """With the devices that use it."""
        async with self._store.transaction() as tx:
            held = await tx.credentials.lock(account_sid, sid)
            if held is None:
                raise credential_not_found(sid)
            await tx.credentials.delete(held[0].sid)

    def _safely(self) -> CredentialSafe:
        if self._safe is None:
            raise ChatError(Code.UNAVAILABLE, "This process cannot keep secrets")
        return self._safe
