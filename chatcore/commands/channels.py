"""Commands on channels: make, change, delete, join, leave, invite, and the caller's own view of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from chatcore.domain import limits, serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType, LeaveReason
from chatcore.domain.ids import ChannelSid, UserSid, new_epoch, new_sid
from chatcore.domain.model import (
    UNSET,
    Actor,
    Channel,
    ChannelState,
    ChannelType,
    EmailBinding,
    Member,
    Membership,
    MembershipStatus,
    NotificationLevel,
    Position,
    Service,
    Timers,
    Unset,
    given,
)
from chatcore.domain.paging import Page, Window
from chatcore.domain.permissions import Permission
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action
from chatcore.ports.hooks import BeforeHook, Look
from chatcore.ports.store import Repositories
from chatcore.ports.views import Access

from . import membership, notify
from .access import (
    channel_not_found,
    check_revision,
    enter,
    enter_as_member,
    enter_to_join,
    identity_of,
    not_authorized,
    own_member,
)
from .activity import due_state, in_state, require_open, started
from .membership import MemberDraft
from .rates import Rates
from .unit import Unit, Work, advance

LOG_KEPT_AFTER_DELETION = timedelta(days=1)
"""Nodes that missed the last broadcast still read the log of a deleted channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelDraft:
    """Fields of a new channel, or those of an update. UNSET: default, or unchanged. None or '' clears a name."""

    friendly_name: str | Unset | None = UNSET
    unique_name: str | Unset | None = UNSET
    type: ChannelType | Unset = UNSET
    attributes: str | Unset = UNSET
    created_by: str | Unset = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET
    messaging_service_sid: str | Unset | None = UNSET
    state: ChannelState | Unset = UNSET
    inactive_after: int | Unset | None = UNSET  # seconds of silence
    closed_after: int | Unset | None = UNSET
    email: EmailBinding | Unset | None = UNSET


def _checked(draft: ChannelDraft) -> ChannelDraft:
    if draft.friendly_name is not UNSET:
        draft = replace(draft, friendly_name=limits.friendly_name(draft.friendly_name or None))
    if draft.unique_name is not UNSET:
        draft = replace(draft, unique_name=limits.unique_name(draft.unique_name))
    if draft.attributes is not UNSET:
        limits.channel_attributes(draft.attributes)
    if draft.created_by is not UNSET:
        limits.author(draft.created_by)
    return draft


def _editing(draft: ChannelDraft) -> list[Permission]:
    """What a client needs."""
    needed = []
    if draft.friendly_name is not UNSET or draft.unique_name is not UNSET:
        needed.append(Permission.EDIT_CHANNEL_NAME)
    if draft.attributes is not UNSET:
        needed.append(Permission.EDIT_CHANNEL_ATTRIBUTES)
    return needed


Then = Callable[[Work, Service, Channel], Awaitable[Channel]]
"""Given a locked channel, answers with the channel as it is afterwards."""


class Channels:
    """One public method is one command."""

    def __init__(self, unit: Unit, rates: Rates, hook: BeforeHook) -> None:
        self._unit = unit
        self._rates = rates
        self._hook = hook

    async def create(
        self, actor: Actor, draft: ChannelDraft, *, join: bool = False, then: Then | None = None
    ) -> tuple[Channel, Member | None]:
        """With `join` the calling client becomes its first member, with the creator's role. `then` fills the new
        channel in the same transaction."""
        draft = await self._before(actor, Action.CHANNEL_ADD, draft, partial(self._look_at_new, actor, draft))

        async def act(work: Work) -> tuple[Channel, Member | None]:
            service = await _service_to_create_in(work.tx, actor)
            fields = _checked(draft)
            self._rates.service(actor.service_sid)
            created = given(fields.date_created, work.now)
            channel = Channel(
                sid=ChannelSid(new_sid("CH")),
                service_sid=service.sid,
                friendly_name=given(fields.friendly_name, None),
                unique_name=given(fields.unique_name, None),
                type=given(fields.type, ChannelType.PUBLIC),
                attributes=given(fields.attributes, "{}"),
                created_by=given(fields.created_by, actor.name),
                members_count=0,
                messages_count=0,
                next_index=0,
                last_message=None,
                last_message_sid=None,
                date_created=created,
                date_updated=given(fields.date_updated, created),
                rev=0,
                stream=Position(offset=0, epoch=new_epoch()),
                messaging_service_sid=given(fields.messaging_service_sid, None),
                state=given(fields.state, ChannelState.ACTIVE),
                timers=_timers(fields, Timers(), given(fields.state, ChannelState.ACTIVE), work.now),
                email=given(fields.email, None),
            )
            await work.tx.channels.create(channel)
            await work.tell(actor, Action.CHANNEL_ADD, {}, channel=channel)
            if then is not None:
                channel = await then(work, service, channel)
            if not join:
                return channel, None
            user = await work.tx.users.get(service.sid, identity_of(actor))
            if user is None:
                raise ChatError(Code.USER_NOT_FOUND, f"User {actor.identity} was not found")
            return await membership.admit(work, actor, service, channel, user, MemberDraft())

        return await self._unit.run(actor, act)

    async def get(self, actor: Actor, key: str) -> Access:
        """By SID or unique name, as the caller meets it."""
        return await enter(self._unit.store.read, actor, key)

    async def list(self, actor: Actor, window: Window, *, types: Sequence[ChannelType] = ()) -> Page[Channel]:
        """Clients see the public ones."""
        if actor.identity is not None:
            types = (ChannelType.PUBLIC,)
        return await self._unit.store.read.channels.list(actor.service_sid, window, types=types)

    async def update(self, actor: Actor, key: str, draft: ChannelDraft, *, if_rev: int | None = None) -> Channel:
        """An update without any field answers with the channel as it is and leaves no event."""
        look = partial(self._look, actor, key, _editing(draft), draft)
        draft = await self._before(actor, Action.CHANNEL_UPDATE, draft, look)

        async def act(work: Work) -> Channel:
            access = await enter(work.tx, actor, key, needed=_editing(draft), lock=True)
            check_revision(access.channel.rev, if_rev)
            fields = _checked(draft)
            if fields == ChannelDraft():
                return access.channel
            old = access.channel
            require_open(old)
            self._rates.channel(old.sid)
            channel = self._in_state(fields, advance(old), work.now)
            channel = replace(
                channel,
                friendly_name=given(fields.friendly_name, old.friendly_name),
                unique_name=given(fields.unique_name, old.unique_name),
                attributes=given(fields.attributes, old.attributes),
                created_by=given(fields.created_by, old.created_by),
                date_created=given(fields.date_created, old.date_created),
                date_updated=given(fields.date_updated, work.now),
                type=given(fields.type, old.type),
                messaging_service_sid=given(fields.messaging_service_sid, old.messaging_service_sid),
                email=given(fields.email, old.email),
                rev=channel.stream.offset,
            )
            await self._save(work, actor, old, channel, "API")
            return channel

        return await self._unit.run(actor, act)

    async def delete(self, actor: Actor, key: str) -> None:
        """With members, invites and messages."""
        needed = [Permission.DESTROY_CHANNEL]

        async def act(work: Work) -> None:
            access = await enter(work.tx, actor, key, needed=needed, lock=True)
            self._rates.service(actor.service_sid)
            channel = advance(access.channel)
            members = await work.tx.members.all_of(channel.sid)
            invites = await work.tx.invites.all_of(channel.sid)
            joined = {m.user_sid for m in members}
            await work.tx.members.next_roster_position(channel.sid)  # its lock comes before those of the streams
            streams = await work.tx.users.lock_streams([*joined, *(i.user_sid for i in invites)])
            work.log_channel(channel, EventType.CHANNEL_DELETED)
            for sid, stream in streams.items():
                stream.offset += 1
                stream.joined_count -= sid in joined
                if sid in joined:
                    reason, rev = serial.reason(LeaveReason.DELETED), str(channel.stream.offset)
                    work.log_user(stream, EventType.CHANNEL_LEFT, channel.sid, reason=reason, rev=rev)
                else:
                    invite = next(i for i in invites if i.user_sid == sid)
                    work.log_user(stream, EventType.CHANNEL_UNINVITED, channel.sid, invite=serial.invite(invite))
            await work.tx.users.save_streams(list(streams.values()))
            service = await membership.service_of(work.tx, actor)
            work.jobs += notify.for_badges(service, [(m.identity, m.user_sid) for m in members])
            await work.tell(actor, Action.CHANNEL_REMOVE, {}, channel=channel)
            await work.tx.channels.delete(channel.sid, work.now + LOG_KEPT_AFTER_DELETION)

        look = partial(self._look, actor, key, needed, ChannelDraft())
        await self._hook.before(actor, Action.CHANNEL_REMOVE, look)
        await self._unit.run(actor, act)

    async def join(self, actor: Actor, key: str) -> tuple[Channel, Member]:
        """Also accepts an invite."""
        identity = identity_of(actor)

        async def act(work: Work) -> tuple[Channel, Member]:
            access = await enter_to_join(work.tx, actor, key, lock=True)
            service = await membership.service_of(work.tx, actor)
            self._rates.channel(access.channel.sid)
            user = await work.tx.users.get(service.sid, identity)
            if user is None:
                raise ChatError(Code.USER_NOT_FOUND, f"User {identity} was not found")
            return await membership.admit(work, actor, service, access.channel, user, MemberDraft())

        entry = partial(enter_to_join, actor=actor, key=key)
        await self._hook.before(actor, Action.MEMBER_ADD, partial(self._look_at_own, actor, entry, "JOINED"))
        return await self._unit.run(actor, act)

    async def leave(self, actor: Actor, key: str) -> None:
        identity_of(actor)
        entry = partial(enter_as_member, actor=actor, key=key, needed=[Permission.LEAVE_CHANNEL])

        async def act(work: Work) -> None:
            access = await entry(work.tx, lock=True)
            self._rates.channel(access.channel.sid)
            service = await membership.service_of(work.tx, actor)
            await membership.dismiss(work, actor, service, access.channel, own_member(access), LeaveReason.LEFT)

        await self._hook.before(actor, Action.MEMBER_REMOVE, partial(self._look_at_own, actor, entry, "LEFT"))
        await self._unit.run(actor, act)

    async def memberships(
        self,
        user_sid: UserSid,
        window: Window,
        *,
        status: MembershipStatus | None = None,
        kind: ChannelType | None = None,
    ) -> Page[Membership]:
        """A user's own channels, joined and invited."""
        return await self._unit.store.read.channels.of_user(user_sid, window, status=status, kind=kind)

    async def membership(self, user_sid: UserSid, channel_sid: ChannelSid) -> Membership:
        """Raises ChatError(CHANNEL_NOT_FOUND) where the user is neither a member nor invited."""
        found = await self._unit.store.read.channels.membership(user_sid, channel_sid)
        if found is None:
            raise channel_not_found(channel_sid)
        return found

    async def notify(self, actor: Actor, key: str, level: NotificationLevel) -> Membership:
        """How the caller wants to hear about this channel while away."""

        async def act(work: Work) -> tuple[UserSid, ChannelSid]:
            needed = [Permission.EDIT_NOTIFICATION_LEVEL]
            access = await enter_as_member(work.tx, actor, key, needed=needed, lock=True)
            member = replace(own_member(access), notification_level=level)
            self._rates.channel(access.channel.sid)
            await work.tx.members.update(member)
            await membership.log_settings(work, member)
            return member.user_sid, member.channel_sid

        user_sid, channel_sid = await self._unit.run(actor, act)
        return await self.membership(user_sid, channel_sid)

    async def due(self, limit: int) -> Sequence[tuple[Actor, ChannelSid]]:
        """Conversations whose timers have run out, longest due first, each with the actor that moves it."""
        return [
            (Actor(account_sid=account, service_sid=service, webhooks=True), sid)
            for account, service, sid in await self._unit.store.read.channels.due(self._unit.clock.now(), limit)
        ]

    async def run_timer(self, actor: Actor, sid: ChannelSid) -> Channel | None:
        """Moves a conversation to the state its timers lead to, once, however many workers try; None: not due."""

        async def act(work: Work) -> Channel | None:
            access = await work.tx.channels.access(actor.service_sid, sid, None, lock=True)
            if access is None or (state := due_state(access.channel, work.now)) is None:
                return None
            old = access.channel
            channel = in_state(advance(old), state, work.now)
            channel = replace(channel, date_updated=work.now, rev=channel.stream.offset)
            await self._save(work, actor, old, channel, "TIMER")
            return channel

        return await self._unit.run(actor, act)

    @staticmethod
    def _in_state(fields: ChannelDraft, channel: Channel, now: datetime) -> Channel:
        """With the state and timers that were asked for; timers that change start again."""
        state = given(fields.state, channel.state)
        timed = fields.inactive_after is not UNSET or fields.closed_after is not UNSET
        if timed:
            channel = replace(channel, timers=_timers(fields, channel.timers, state, now))
        return in_state(channel, state, now) if state is not channel.state else channel

    @staticmethod
    async def _save(work: Work, actor: Actor, old: Channel, channel: Channel, why: str) -> None:
        """Saves, logs and tells a change of the channel's own fields. `why` is the reason of a change of state."""
        await work.tx.channels.save(channel)
        if channel.state is ChannelState.CLOSED and channel.guests_count:
            await work.tx.guests.release(channel.sid)
        # Who reads a public channel without being a member has to be asked again once it is private.
        migrated = {"migrated": "true"} if channel.type is not old.type else {}
        work.log_channel(channel, EventType.CHANNEL_UPDATED, channel=serial.channel(channel), **migrated)
        if why != "TIMER":
            await work.tell(actor, Action.CHANNEL_UPDATE, {}, channel=channel)
        if channel.state is not old.state:
            await membership.tell_state(work, actor, old, channel, why)

    async def _before(self, actor: Actor, action: Action, draft: ChannelDraft, look: Look) -> ChannelDraft:
        """The draft with what the hook changed."""
        changes = await self._hook.before(actor, action, look)
        if not changes:
            return draft
        return replace(
            draft,
            friendly_name=changes.get("friendly_name", draft.friendly_name),
            unique_name=changes.get("unique_name", draft.unique_name),
            attributes=changes.get("attributes", draft.attributes),
        )

    async def _look_at_new(self, actor: Actor, draft: ChannelDraft) -> Facts:
        """What a before-hook is told of a channel to be."""
        await _service_to_create_in(self._unit.store.read, actor)
        held = {"attributes": "{}", "created_by": actor.name, "type": ChannelType.PUBLIC.value, "state": "active"}
        return {"channel": _intended(held, draft)}

    async def _look(self, actor: Actor, key: str, needed: Sequence[Permission], draft: ChannelDraft) -> Facts:
        """What a before-hook is told of a channel, with the intended values."""
        access = await enter(self._unit.store.read, actor, key, needed=needed)
        return {"channel": _intended(snapshot.channel(access.channel), draft)}

    async def _look_at_own(self, actor: Actor, entry: Callable[[Repositories], Awaitable[Access]], why: str) -> Facts:
        """What a before-hook is told of a client that joins or leaves."""
        access = await entry(self._unit.store.read)
        own = access.member
        member = {"identity": actor.identity, "role_sid": None} if own is None else snapshot.member(own)
        return {"channel": snapshot.channel(access.channel), "member": member, "reason": why}


async def _service_to_create_in(repos: Repositories, actor: Actor) -> Service:
    service = await membership.service_of(repos, actor)
    if actor.identity is not None:
        held = await repos.users.permissions(actor.service_sid, actor.identity)
        if held is None or Permission.CREATE_CHANNEL not in held:
            raise not_authorized(Permission.CREATE_CHANNEL)
    return service


def _intended(held: Facts, draft: ChannelDraft) -> Facts:
    return {
        **held,
        "friendly_name": given(draft.friendly_name, held.get("friendly_name")),
        "unique_name": given(draft.unique_name, held.get("unique_name")),
        "attributes": given(draft.attributes, held["attributes"]),
        "type": given(draft.type, held["type"]),
        "state": given(draft.state, held["state"]),
    }


def _timers(fields: ChannelDraft, held: Timers, state: ChannelState, now: datetime) -> Timers:
    timers = replace(
        held,
        inactive_after=given(fields.inactive_after, held.inactive_after),
        closed_after=given(fields.closed_after, held.closed_after),
    )
    return started(timers, state, now)
