"""Commands on devices: clients register them for pushes, REST looks at them and removes them.

A device has one address with its provider and one endpoint, the client's own name for it. Either may come back with
another partner (app reinstalled, account switched, phone handed over): the newest registration wins, and no device is
bound twice in a service.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from chatcore.domain import limits, snapshot
from chatcore.domain.devices import Binding, PushType
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import BindingSid, CredentialSid, Identity, ServiceSid, UserSid, is_sid, new_sid
from chatcore.domain.model import Actor, Service, User
from chatcore.domain.paging import Page, Window
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action, Vocabulary
from chatcore.ports.store import Repositories

from .access import identity_of
from .credentials import matches
from .membership import stream_of
from .unit import Unit, Work

PER_TYPE_MAX: Final = 10
ENDPOINT_CHARS: Final = 512
MESSAGE_TYPES_MAX: Final = 50
MESSAGE_TYPE_CHARS: Final = 128
EVERY_MESSAGE_TYPE: Final = ("new_message", "added_to_channel", "invited_to_channel", "removed_from_channel")
REMEMBERED: Final = timedelta(days=30)
LIFETIME: Final = timedelta(days=365)

_PREFIXES: Final[Mapping[str, Vocabulary]] = {
    "twilio.channel.": Vocabulary.CHAT,
    "twilio.conversations.": Vocabulary.CONVERSATIONS,
}
_APNS_TOKEN = re.compile(r"(?:[0-9a-fA-F]{2}){32,100}")
_FCM_TOKEN = re.compile(r"[A-Za-z0-9_:-]{20,4096}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDraft:
    """What a client says of its device. `address` is the provider's token; without an endpoint the address stands for
    it. `message_types` with or without prefix; None: all of Chat's. The credential is the token's or the command's."""

    type: str
    address: str | None
    endpoint: str | None = None
    credential_sid: str | None = None
    message_types: Sequence[str] | None = None


def binding_not_found(sid: str) -> ChatError:
    return ChatError(Code.NOT_FOUND, f"Binding {sid} was not found")


class Devices:
    """One public method is one command."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit

    async def register(self, actor: Actor, draft: DeviceDraft) -> Binding:
        """The caller's device. Raises ChatError(BINDING_TYPE_INVALID), (INVALID_PARAMETER)."""
        kind = push_type(draft.type)
        address = _address(kind, draft.address)
        endpoint = _endpoint(draft.endpoint) or address
        types, vocabulary = _message_types(draft.message_types)

        async def act(work: Work) -> Binding:
            credential_sid = await _credential(work.tx, actor, draft.credential_sid, kind)
            user = await self._caller(work, actor)
            before = await _notifiable(work.tx, user)
            binding = Binding(
                sid=BindingSid(new_sid("BS")),
                service_sid=actor.service_sid,
                user_sid=user.sid,
                identity=user.identity,
                binding_type=kind,
                endpoint=endpoint,
                address=address,
                credential_sid=credential_sid,
                message_types=types,
                vocabulary=vocabulary,
                registered_at=work.now,
                date_created=work.now,
                date_updated=work.now,
            )
            held = await work.tx.bindings.claim(actor.service_sid, kind, address, user.identity, endpoint)
            own = [b for b in held if b.user_sid == user.sid]
            for other in held:
                if other.user_sid != user.sid:
                    await self._take_away(work, actor, other)
            kept = next((b for b in own if b.endpoint == endpoint), own[0] if own else None)
            if kept is None:
                await work.tx.bindings.insert(binding)
            else:
                await work.tx.bindings.delete([b.sid for b in own if b.sid != kept.sid])
                binding = replace(binding, sid=kept.sid, date_created=kept.date_created)
                await work.tx.bindings.replace(binding)
            bound = await work.tx.bindings.of_user(user.sid, kind)
            await work.tx.bindings.delete([b.sid for b in bound[PER_TYPE_MAX:]])
            await self._tell(work, actor, user, before)
            return binding

        return await self._unit.run(actor, act)

    async def unregister(self, actor: Actor, sid: str) -> None:
        """The caller's device; one that is not (any more) changes nothing."""

        async def act(work: Work) -> None:
            user = await self._caller(work, actor)
            binding = await work.tx.bindings.get(actor.service_sid, sid, user_sid=user.sid)
            if binding is not None:
                await self._retire(work, actor, user, binding)

        await self._unit.run(actor, act)

    async def unregister_address(self, actor: Actor, kind_name: str, address: str) -> None:
        """As `unregister`, by the provider's token."""
        kind = push_type(kind_name)
        limits.clean("address", address)

        async def act(work: Work) -> None:
            user = await self._caller(work, actor)
            token = address.lower() if kind is PushType.APN else address
            binding = await work.tx.bindings.at(actor.service_sid, kind, token)
            if binding is not None and binding.user_sid == user.sid:
                await self._retire(work, actor, user, binding)

        await self._unit.run(actor, act)

    async def get(self, actor: Actor, sid: str, *, user_sid: UserSid | None = None) -> Binding:
        found = None
        if is_sid("BS", sid):
            found = await self._unit.store.read.bindings.get(actor.service_sid, sid, user_sid=user_sid)
        if found is None:
            raise binding_not_found(sid)
        return found

    async def list(
        self,
        actor: Actor,
        window: Window,
        *,
        kinds: Sequence[PushType] | None = None,
        identities: Sequence[Identity] = (),
        user_sid: UserSid | None = None,
    ) -> Page[Binding]:
        """`kinds` None: of all kinds. Without identities and user: everybody's."""
        return await self._unit.store.read.bindings.list(
            actor.service_sid, window, kinds=kinds, identities=identities, user_sid=user_sid
        )

    async def delete(self, actor: Actor, sid: str, *, user_sid: UserSid | None = None) -> None:
        """Anybody's device, through REST."""
        known = await self.get(actor, sid, user_sid=user_sid)

        async def act(work: Work) -> None:
            user = await work.tx.users.get(actor.service_sid, known.user_sid)
            if user is None:
                raise binding_not_found(sid)
            await stream_of(work, user.sid)
            binding = await work.tx.bindings.get(actor.service_sid, sid, user_sid=user.sid)
            if binding is None:
                raise binding_not_found(sid)
            await self._retire(work, actor, user, binding)

        await self._unit.run(actor, act)

    async def is_notifiable(self, user_sids: Sequence[UserSid]) -> Mapping[UserSid, bool | None]:
        """Whether each user has a device; None: never had one."""
        known = await self._unit.store.read.bindings.notifiable(user_sids)
        return {sid: known.get(sid) for sid in user_sids}

    async def tell_notifiable(self, service_sid: ServiceSid, user_sids: Collection[UserSid], *, now: bool) -> None:
        """Webhooks hear of users who lost their last device, or have one again, because of what a provider said.
        Those for whom it has become otherwise meanwhile are passed over."""
        service = await self._unit.store.read.services.find(service_sid)
        if service is None or not service.reachability_enabled or not user_sids:
            return
        server = _server(service)

        async def act(work: Work) -> None:
            found = await work.tx.bindings.notifiable(list(user_sids))
            for sid in sorted(sid for sid in user_sids if found.get(sid, False) is now):
                user = await work.tx.users.get(service_sid, sid)
                if user is not None:
                    await work.tell(server, Action.USER_UPDATE, _facts(user, now))

        await self._unit.run(server, act)

    async def purge(self, limit: int) -> int:
        """Forgets what is only remembered, and devices that did not come back for a year. Returns how many rows."""
        now = self._unit.clock.now()
        async with self._unit.store.transaction() as tx:
            return await tx.bindings.purge(
                retired_before=now - REMEMBERED, registered_before=now - LIFETIME, limit=limit
            )

    async def _take_away(self, work: Work, actor: Actor, binding: Binding) -> None:
        """From a user whose device somebody else has now."""
        user = await work.tx.users.get(actor.service_sid, binding.user_sid)
        if user is not None:
            await self._retire(work, actor, user, binding)

    async def _retire(self, work: Work, actor: Actor, user: User, binding: Binding) -> None:
        before = await _notifiable(work.tx, user)
        await work.tx.bindings.retire(binding, work.now)
        await self._tell(work, actor, user, before)

    @staticmethod
    async def _caller(work: Work, actor: Actor) -> User:
        """The user behind the client, its devices locked against other registrations."""
        identity = identity_of(actor)
        user = await work.tx.users.get(actor.service_sid, identity)
        if user is None:
            raise ChatError(Code.USER_NOT_FOUND, f"User {identity} was not found")
        await stream_of(work, user.sid)
        return user

    @staticmethod
    async def _tell(work: Work, actor: Actor, user: User, before: bool) -> None:
        """Webhooks hear of the first device and of the last one, where the service asks for reachability."""
        after = await _notifiable(work.tx, user)
        if after is before:
            return
        service = await work.tx.services.find(actor.service_sid)
        if service is not None and service.reachability_enabled:
            await work.tell(_server(service), Action.USER_UPDATE, _facts(user, after))


def push_type(text: str) -> PushType:
    """Raises ChatError(BINDING_TYPE_INVALID)."""
    try:
        return PushType(text)
    except ValueError:
        raise ChatError(Code.BINDING_TYPE_INVALID, f"The type must be one of {', '.join(PushType)}") from None


def _server(service: Service) -> Actor:
    return Actor(account_sid=service.account_sid, service_sid=service.sid, webhooks=True)


def _facts(user: User, notifiable: bool) -> Facts:
    return {"user": {**snapshot.user(user), "is_notifiable": notifiable}}


async def _notifiable(repos: Repositories, user: User) -> bool:
    return (await repos.bindings.notifiable([user.sid])).get(user.sid, False)


async def _credential(repos: Repositories, actor: Actor, sid: str | None, kind: PushType) -> CredentialSid:
    if sid is None:
        raise ChatError(Code.INVALID_PARAMETER, "There is no push credential: neither token nor request names one")
    credential = await repos.credentials.get(actor.account_sid, sid) if is_sid("CR", sid) else None
    if credential is None:
        raise ChatError(Code.INVALID_PARAMETER, f"Credential {limits.clean('credential_sid', sid)} was not found")
    if not matches(credential.type, kind):
        raise ChatError(Code.INVALID_PARAMETER, f"Credential {sid} is for {credential.type}, not for {kind}")
    return credential.sid


def _address(kind: PushType, text: str | None) -> str:
    """As it is compared and sent: verbatim, but Apple's tokens in lower case."""
    if not text:
        raise ChatError(Code.INVALID_PARAMETER, "The device token is missing")
    if kind is PushType.APN:
        if not _APNS_TOKEN.fullmatch(text):
            raise ChatError(Code.INVALID_PARAMETER, "The device token must be 64 to 200 hex digits, an even number")
        return text.lower()
    if not _FCM_TOKEN.fullmatch(text):
        raise ChatError(Code.INVALID_PARAMETER, "The device token must be 20 to 4096 letters, digits, _, : or -")
    return text


def _endpoint(text: str | None) -> str | None:
    if text and len(limits.clean("endpoint", text)) > ENDPOINT_CHARS:
        raise ChatError(Code.INVALID_PARAMETER, f"endpoint is longer than {ENDPOINT_CHARS} characters")
    return text or None


def _message_types(names: Sequence[str] | None) -> tuple[tuple[str, ...], Vocabulary]:
    """Without prefix, each once; and the vocabulary that the first prefix speaks."""
    if names is None:
        return EVERY_MESSAGE_TYPE, Vocabulary.CHAT
    if len(names) > MESSAGE_TYPES_MAX:
        raise ChatError(Code.INVALID_PARAMETER, f"There are more than {MESSAGE_TYPES_MAX} message types")
    found: dict[str, None] = {}
    vocabulary: Vocabulary | None = None
    for name in names:
        if not 1 <= len(limits.clean("message_types", name)) <= MESSAGE_TYPE_CHARS:
            raise ChatError(Code.INVALID_PARAMETER, f"A message type must have 1 to {MESSAGE_TYPE_CHARS} characters")
        prefix = next((p for p in _PREFIXES if name.startswith(p)), "")
        if prefix:
            vocabulary = vocabulary or _PREFIXES[prefix]
        found[name.removeprefix(prefix)] = None
    return tuple(found), vocabulary or Vocabulary.CHAT
