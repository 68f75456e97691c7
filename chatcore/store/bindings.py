"""Devices as rows.

A row with `invalid_at` is a memory: of a device whose token its provider refused, or of the last device that a user
unregistered, whose address is forgotten. No read shows it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from chatcore.domain.devices import Binding, PushType
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import CredentialSid, Identity, ServiceSid, UserSid
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.store import TransactionConflict

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("bindings")


def binding_from(row: Row) -> Binding:
    return Binding(
        sid=row["sid"],
        service_sid=row["service_sid"],
        user_sid=row["user_sid"],
        identity=row["identity"],
        binding_type=PushType(row["binding_type"]),
        endpoint=row["endpoint"],
        address=row["address"],
        credential_sid=row["credential_sid"],
        message_types=tuple(row["message_types"]),
        vocabulary=Vocabulary(row["vocabulary"]),
        registered_at=row["registered_at"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


def _cursor(binding: Binding) -> Cursor:
    return binding.date_created, binding.sid


class Bindings:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def claim(
        self, service_sid: ServiceSid, kind: PushType, address: str, identity: Identity, endpoint: str
    ) -> Sequence[Binding]:
        rows = await self._session.rows(_SQL["claim"], service_sid, kind.value, address, identity, endpoint)
        return [binding_from(row) for row in rows]

    async def insert(self, binding: Binding) -> None:
        row = await self._session.row(
            _SQL["insert"],
            binding.sid,
            binding.service_sid,
            binding.user_sid,
            binding.identity,
            binding.binding_type.value,
            binding.endpoint,
            binding.address,
            binding.credential_sid,
            binding.message_types,
            binding.vocabulary.value,
            binding.registered_at,
            binding.date_created,
            binding.date_updated,
        )
        if row is None:
            raise TransactionConflict("another registration of the device was faster")

    async def replace(self, binding: Binding) -> None:
        try:
            await self._session.run(
                _SQL["replace"],
                binding.sid,
                binding.endpoint,
                binding.address,
                binding.credential_sid,
                binding.message_types,
                binding.vocabulary.value,
                binding.registered_at,
                binding.date_updated,
            )
        except ChatError as error:
            if error.code is Code.CONFLICT:
                raise TransactionConflict("another registration of the device was faster") from error
            raise

    async def retire(self, binding: Binding, now: datetime) -> None:
        await self._session.run(_SQL["delete_if_not_last"], binding.sid, binding.user_sid)
        await self._session.run(_SQL["retire"], binding.sid, now)

    async def delete(self, sids: Sequence[str]) -> None:
        if sids:
            await self._session.run(_SQL["delete"], sids)

    async def get(self, service_sid: ServiceSid, sid: str, *, user_sid: UserSid | None = None) -> Binding | None:
        row = await self._session.row(_SQL["by_sid"], service_sid, sid, user_sid)
        return binding_from(row) if row is not None else None

    async def at(self, service_sid: ServiceSid, kind: PushType, address: str) -> Binding | None:
        row = await self._session.row(_SQL["by_address"], service_sid, kind.value, address)
        return binding_from(row) if row is not None else None

    async def list(
        self,
        service_sid: ServiceSid,
        window: Window,
        *,
        kinds: Sequence[PushType] | None = None,
        identities: Sequence[Identity] = (),
        user_sid: UserSid | None = None,
    ) -> Page[Binding]:
        args: list[object]
        types = None if kinds is None else [kind.value for kind in kinds]
        of, args = "list", [service_sid, types]
        if user_sid is not None:
            of, args = "of_user", [user_sid, types]
        elif identities:
            of, args = "list_named", [service_sid, types, identities]
        after = partial(self._session.rows, _SQL[f"{of}_after"], *args)
        before = partial(self._session.rows, _SQL[f"{of}_before"], *args)
        return await pages.read(window, after, before, binding_from, _cursor)

    async def of_user(self, user_sid: UserSid, kind: PushType) -> Sequence[Binding]:
        return [binding_from(row) for row in await self._session.rows(_SQL["newest_of_user"], user_sid, kind.value)]

    async def notifiable(self, user_sids: Sequence[UserSid]) -> Mapping[UserSid, bool]:
        rows = await self._session.rows(_SQL["notifiable"], user_sids)
        return {row["user_sid"]: row["notifiable"] for row in rows}

    async def delete_of_credential(self, sid: CredentialSid) -> None:
        await self._session.run(_SQL["delete_of_credential"], sid)

    async def purge(self, *, retired_before: datetime, registered_before: datetime, limit: int) -> int:
        row = await self._session.row(_SQL["purge"], retired_before, registered_before, limit)
        return row["purged"] if row is not None else 0
