"""Commands on users: profiles, and the first connection of an identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from chatcore.domain import limits, serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import (
    EventType,
    LeaveReason,
    Signal,
    SignalType,
    profile_topic,
)
from chatcore.domain.ids import Identity, RoleSid, ServiceSid, UserSid, new_epoch, new_sid
from chatcore.domain.model import UNSET, Actor, Position, Unset, User, given
from chatcore.domain.paging import Page, Window
from chatcore.domain.permissions import Permission, RoleType
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action
from chatcore.ports.hooks import BeforeHook
from chatcore.ports.store import Repositories, TransactionConflict

from . import membership, webhooks
from .access import not_authorized
from .joint_reads import JointReads
from .rates import Rates
from .unit import Unit, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDraft:
    """Fields of a new user, or those of an update. UNSET: default, or unchanged."""

    friendly_name: str | Unset | None = UNSET
    attributes: str | Unset = UNSET
    role_sid: str | Unset = UNSET


def user_not_found(key: str) -> ChatError:
    return ChatError(Code.USER_NOT_FOUND, f"User {key} was not found")


def _check(draft: UserDraft) -> None:
    if draft.friendly_name is not UNSET:
        limits.friendly_name(draft.friendly_name)
    if draft.attributes is not UNSET:
        limits.attributes(draft.attributes)


async def _find_to_update(repos: Repositories, actor: Actor, key: str, draft: UserDraft) -> User:
    user = await repos.users.get(actor.service_sid, key)
    if user is None:
        raise user_not_found(key)
    if actor.identity is None:
        return user
    if draft.role_sid is not UNSET:
        raise not_authorized("to change roles")
    held = await repos.users.permissions(actor.service_sid, actor.identity) or frozenset()
    own = user.identity == actor.identity
    if Permission.EDIT_ANY_USER_INFO not in held and not (own and Permission.EDIT_OWN_USER_INFO in held):
        raise not_authorized(Permission.EDIT_OWN_USER_INFO if own else Permission.EDIT_ANY_USER_INFO)
    return user


class Users:
    """One public method is one command. Users are addressed by SID or identity."""

    def __init__(self, unit: Unit, rates: Rates, hook: BeforeHook) -> None:
        self._unit = unit
        self._rates = rates
        self._hook = hook
        self._connecting = JointReads(self._read_named)

    async def connected(self, actor: Actor, identity: Identity, role_sid: str | None) -> User:
        """The user behind a valid token, made on its first connection. A role that does not fit is ignored."""
        limits.identity(identity)
        who = actor.service_sid, identity
        found = (await self._connecting.get({who: None})).get(who)
        if found is not None:
            return found

        async def act(work: Work) -> User:
            service = await membership.service_of(work.tx, actor)
            role = await work.tx.roles.get(service.sid, role_sid) if role_sid is not None else None
            fits = role is not None and role.type is RoleType.DEPLOYMENT
            user, _ = await membership.ensure_user(
                work, actor, service, identity, role_sid=role.sid if role is not None and fits else None
            )
            return user

        return await self._unit.run(actor, act)

    async def _read_named(
        self, wanted: Mapping[tuple[ServiceSid, Identity], None]
    ) -> Mapping[tuple[ServiceSid, Identity], User]:
        identities: dict[ServiceSid, list[Identity]] = {}
        for service_sid, identity in wanted:
            identities.setdefault(service_sid, []).append(identity)
        found = {}
        for service_sid, several in identities.items():
            for user in await self._unit.store.read.users.many(service_sid, several):
                found[service_sid, user.identity] = user
        return found

    async def create(self, actor: Actor, identity: str, draft: UserDraft) -> User:
        limits.identity(identity)

        async def act(work: Work) -> User:
            _check(draft)
            service = await membership.service_of(work.tx, actor)
            role = service.default_service_role_sid
            if draft.role_sid is not UNSET:
                role = (await membership.role_of(work.tx, service, draft.role_sid, RoleType.DEPLOYMENT)).sid
            self._rates.service(service.sid)
            user = User(
                sid=UserSid(new_sid("US")),
                service_sid=service.sid,
                identity=Identity(identity),
                friendly_name=given(draft.friendly_name, None) or None,
                attributes=given(draft.attributes, "{}"),
                role_sid=role,
                joined_channels_count=0,
                date_created=work.now,
                date_updated=work.now,
                rev=0,
                info_position=1,
                stream=Position(offset=0, epoch=new_epoch()),
            )
            await work.tx.users.create(user)
            await work.tell(actor, Action.USER_ADD, {"user": snapshot.user(user)})
            return user

        return await self._unit.run(actor, act)

    async def get(self, actor: Actor, key: str) -> User:
        user = await self._unit.store.read.users.get(actor.service_sid, key)
        if user is None:
            raise user_not_found(key)
        return user

    async def many(self, actor: Actor, identities: Sequence[Identity]) -> Sequence[User]:
        """Those that exist."""
        return await self._unit.store.read.users.many(actor.service_sid, identities)

    async def list(self, actor: Actor, window: Window) -> Page[User]:
        return await self._unit.store.read.users.list(actor.service_sid, window)

    async def update(self, actor: Actor, key: str, draft: UserDraft) -> User:
        """An update without any field answers with the user as it is and leaves no event. Only REST changes roles."""
        finding = partial(_find_to_update, actor=actor, key=key, draft=draft)

        async def act(work: Work) -> User:
            user = await finding(work.tx)
            _check(draft)
            role = user.role_sid
            if draft.role_sid is not UNSET:
                service = await membership.service_of(work.tx, actor)
                role = RoleSid((await membership.role_of(work.tx, service, draft.role_sid, RoleType.DEPLOYMENT)).sid)
            if draft == UserDraft():
                return user
            self._rates.service(actor.service_sid)
            stream = await membership.stream_of(work, user.sid)
            # read again: another update may have committed while the lock was waited for
            user = await work.tx.users.get(actor.service_sid, user.sid) or user
            stream.offset += 1
            stream.info_position += 1
            user = replace(
                user,
                friendly_name=given(draft.friendly_name, user.friendly_name) or None,
                attributes=given(draft.attributes, user.attributes),
                role_sid=role if draft.role_sid is not UNSET else user.role_sid,
                date_updated=work.now,
                rev=stream.offset,
                info_position=stream.info_position,
                stream=Position(offset=stream.offset, epoch=stream.epoch),
            )
            await work.tx.users.update(user)
            await work.tx.users.save_streams([stream])
            text = serial.user(user)
            work.log_user(stream, EventType.USER_UPDATED, user=text)
            position = str(user.info_position)
            payload = serial.event(
                SignalType.USER_UPDATED, at=work.now, by=actor.identity, user=text, position=position
            )
            work.signals.append(
                Signal(topic=profile_topic(user.sid), type=SignalType.USER_UPDATED, payload=payload, subject=user.sid)
            )
            await work.tell(actor, Action.USER_UPDATE, {"user": snapshot.user(user)})
            return user

        async def look() -> Facts:
            user = await finding(self._unit.store.read)
            intended = replace(
                user,
                friendly_name=given(draft.friendly_name, user.friendly_name) or None,
                attributes=given(draft.attributes, user.attributes),
                role_sid=RoleSid(given(draft.role_sid, user.role_sid)),
            )
            return {"user": snapshot.user(intended)}

        await self._hook.before(actor, Action.USER_UPDATE, look)
        return await self._unit.run(actor, act)

    async def delete(self, actor: Actor, key: str) -> None:
        """With memberships and invites; messages keep the identity. Every node closes its connections by itself."""

        async def act(work: Work) -> None:
            user = await work.tx.users.get(actor.service_sid, key)
            if user is None:
                raise user_not_found(key)
            self._rates.service(actor.service_sid)
            service = await membership.service_of(work.tx, actor)
            held = await work.tx.members.of_user(user.sid)
            channels = await work.tx.channels.lock(sorted(m.channel_sid for m in held))
            for sid in sorted(channels):  # all of these locks come before that of the stream
                await work.tx.members.next_roster_position(sid)
            await membership.stream_of(work, user.sid)  # whoever joins has it, or finds the user gone
            for member in sorted(await work.tx.members.of_user(user.sid), key=lambda m: m.channel_sid):
                channel = channels.get(member.channel_sid)
                if channel is None:
                    raise TransactionConflict("the user joined another channel in this moment")
                reason = LeaveReason.USER_DELETED
                await membership.dismiss(work, actor, service, channel, member, reason)
            await work.tx.users.delete(user.sid)

        await self._unit.run(actor, act)

    async def tell_reachability(self, service_sid: ServiceSid, online: Mapping[Identity, bool]) -> None:
        """Watchers and webhooks hear who came online and who went. What is stored is only the order of such changes:
        this is state of live connections."""
        service = await self._unit.store.read.services.find(service_sid)
        if service is None or not service.reachability_enabled:
            return
        server = Actor(account_sid=service.account_sid, service_sid=service.sid, webhooks=True)

        async def act(work: Work) -> None:
            users = await work.tx.users.many(service_sid, list(online))
            notifiable = await work.tx.bindings.notifiable([user.sid for user in users])
            streams = await work.tx.users.lock_streams([user.sid for user in users])
            for user in users:
                if (stream := streams.get(user.sid)) is None:
                    continue
                stream.info_position += 1
                is_online, is_notifiable = online[user.identity], notifiable.get(user.sid)
                position = stream.info_position
                work.signals.append(_reachability_signal(user, position, work.now, is_online, is_notifiable))
                if not webhooks.wanted(service, None):
                    continue
                told = {**snapshot.user(user), "is_online": is_online, "is_notifiable": is_notifiable}
                facts = {"at": serial.date(work.now), "by": server.name, "user": told}
                work.jobs += webhooks.post_jobs(server, service, Action.USER_UPDATE, facts)
            await work.tx.users.save_streams(list(streams.values()))

        await self._unit.run(server, act)


def _reachability_signal(
    user: User, position: int, at: datetime, is_online: bool, is_notifiable: bool | None
) -> Signal:
    kind = SignalType.USER_REACHABILITY
    payload = serial.event(
        kind,
        at=at,
        by=None,
        identity=serial.string(user.identity),
        is_online="true" if is_online else "false",
        is_notifiable="null" if is_notifiable is None else "true" if is_notifiable else "false",
        position=str(position),
    )
    return Signal(topic=profile_topic(user.sid), type=kind, payload=payload, subject=user.sid)
