"""Commands on guests: participants of a conversation that are an address, and have no identity.

They share SIDs, roster positions and events with members, take part in the same limits, and never act themselves.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial

from chatcore.domain import addresses, limits, serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType, LeaveReason
from chatcore.domain.guests import Guest, MessagingBinding
from chatcore.domain.ids import ChannelSid, MemberSid, RoleSid, new_sid
from chatcore.domain.model import UNSET, Actor, Channel, ChannelType, Service, Unset, given
from chatcore.domain.permissions import Permission, RoleType
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action
from chatcore.ports.hooks import BeforeHook
from chatcore.ports.store import Repositories
from chatcore.ports.views import Access

from . import membership
from .access import enter, require
from .activity import require_open
from .members import member_not_found
from .rates import Rates
from .unit import Unit, Work, advance

GUESTS_MAX = 50
PARTICIPANTS_MAX = 1000
"""Members and guests together, where the service does not allow more members than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestDraft:
    """A new guest: see `addresses.binding`. Without a role it has none."""

    address: str
    proxy_address: str | None = None
    projected_address: str | None = None
    name: str | None = None
    level: str | None = None
    role_sid: str | Unset = UNSET
    attributes: str | Unset = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET

    @property
    def binding(self) -> MessagingBinding:
        """Raises ChatError for addresses that cannot be."""
        return addresses.binding(
            self.address,
            proxy_address=self.proxy_address,
            projected_address=self.projected_address,
            name=self.name,
            level=self.level,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestPatch:
    """Fields to change; UNSET leaves a field as it is. An index of None clears the read horizon."""

    proxy_address: str | Unset = UNSET
    projected_address: str | Unset | None = UNSET
    role_sid: str | Unset = UNSET
    attributes: str | Unset = UNSET
    last_read_message_index: int | Unset | None = UNSET
    last_read_timestamp: datetime | Unset | None = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET


async def admit(
    work: Work, actor: Actor, service: Service, channel: Channel, draft: GuestDraft
) -> tuple[Channel, Guest]:
    """Adds a guest to the locked conversation: counts, logs, wakes it. Saves the channel."""
    tx, binding = work.tx, draft.binding
    attributes = "{}" if draft.attributes is UNSET else limits.attributes(draft.attributes)
    role = await _role(tx, service, draft.role_sid)
    if channel.type is not ChannelType.PRIVATE:
        raise ChatError(Code.TYPE_NOT_PRIVATE, "Only private channels have participants without identity")
    if channel.guests_count >= GUESTS_MAX:
        raise ChatError(Code.GUESTS_EXCEEDED, f"The conversation has its {GUESTS_MAX} participants without identity")
    if channel.members_count + channel.guests_count >= max(PARTICIPANTS_MAX, service.limit_channel_members):
        raise ChatError(Code.CHANNEL_FULL, "The conversation has as many participants as it may have")
    roster = await tx.members.next_roster_position(channel.sid)
    channel = await membership.wake(work, actor, channel)
    channel = replace(advance(channel), guests_count=channel.guests_count + 1)
    created = given(draft.date_created, work.now)
    guest = Guest(
        sid=MemberSid(new_sid("MB")),
        channel_sid=channel.sid,
        service_sid=channel.service_sid,
        binding=binding,
        role_sid=role,
        attributes=attributes,
        last_read_message_index=None,
        last_read_timestamp=None,
        date_created=created,
        date_updated=given(draft.date_updated, created),
        rev=channel.stream.offset,
        roster_created=roster,
        roster_position=roster,
    )
    await tx.guests.insert(guest)
    await tx.channels.save(channel)
    work.log_channel(channel, EventType.MEMBER_JOINED, member=serial.guest(guest))
    facts = {"member": snapshot.guest(guest), "reason": "ADDED"}
    await work.tell(actor, Action.MEMBER_ADD, facts, channel=channel)
    return channel, guest


async def _role(repos: Repositories, service: Service, sid: str | Unset) -> RoleSid | None:
    return None if sid is UNSET else (await membership.role_of(repos, service, sid, RoleType.CHANNEL)).sid


async def _find(repos: Repositories, channel_sid: ChannelSid, sid: str) -> Guest:
    guest = await repos.guests.get(channel_sid, sid)
    if guest is None:
        raise member_not_found(sid)
    return guest


Found = tuple[Access, Guest]


async def _enter_to_add(
    repos: Repositories, actor: Actor, channel_key: str, draft: GuestDraft, *, lock: bool = False
) -> Access:
    """A right of its own, or that to add anybody."""
    access = await enter(repos, actor, channel_key, lock=lock)
    if actor.identity is not None and Permission.ADD_MEMBER not in access.permissions:
        require(actor, access, Permission.ADD_NON_CHAT_PARTICIPANT)
    if draft.role_sid is not UNSET:
        require(actor, access, Permission.REMOVE_MEMBER)
    return access


async def _find_to_update(
    repos: Repositories, actor: Actor, channel_key: str, sid: str, patch: GuestPatch, *, lock: bool = False
) -> Found:
    needed = []
    if patch.attributes is not UNSET or patch == GuestPatch():
        needed.append(Permission.EDIT_ANY_MEMBER_ATTRIBUTES)
    if replace(patch, attributes=UNSET) != GuestPatch():
        needed += [Permission.ADD_MEMBER, Permission.REMOVE_MEMBER]
    access = await enter(repos, actor, channel_key, needed=needed, lock=lock)
    return access, await _find(repos, access.channel.sid, sid)


async def _find_to_remove(
    repos: Repositories, actor: Actor, channel_key: str, sid: str, *, lock: bool = False
) -> Found:
    access = await enter(repos, actor, channel_key, needed=[Permission.REMOVE_MEMBER], lock=lock)
    return access, await _find(repos, access.channel.sid, sid)


class Guests:
    """One public method is one command. Guests are addressed by SID."""

    def __init__(self, unit: Unit, rates: Rates, hook: BeforeHook) -> None:
        self._unit = unit
        self._rates = rates
        self._hook = hook

    async def add(self, actor: Actor, channel_key: str, draft: GuestDraft) -> Guest:
        """Raises ChatError(GUEST_PAIR_TAKEN) where the same pair of addresses is in another open conversation."""
        entry = partial(_enter_to_add, actor=actor, channel_key=channel_key, draft=draft)

        async def act(work: Work) -> Guest:
            access = await entry(work.tx, lock=True)
            self._rates.channel(access.channel.sid)
            service = await membership.service_of(work.tx, actor)
            _, guest = await admit(work, actor, service, access.channel, draft)
            return guest

        intended = {
            "identity": None,
            "role_sid": given(draft.role_sid, None),
            "attributes": given(draft.attributes, "{}"),
            "messaging_binding": asdict(draft.binding),
        }

        async def look() -> Facts:
            return _told(await entry(self._unit.store.read), intended, "ADDED")

        await self._hook.before(actor, Action.MEMBER_ADD, look)
        return await self._unit.run(actor, act)

    async def update(self, actor: Actor, channel_key: str, sid: str, patch: GuestPatch) -> Guest:
        """An update without any field answers with the guest as it is and leaves no event. A guest stays the same
        person: its own address never changes."""
        finding = partial(_find_to_update, actor=actor, channel_key=channel_key, sid=sid, patch=patch)

        async def act(work: Work) -> Guest:
            access, guest = await finding(work.tx, lock=True)
            if patch == GuestPatch():
                return guest
            require_open(access.channel)
            self._rates.channel(access.channel.sid)
            return await self._change(work, actor, access.channel, guest, patch)

        async def look() -> Facts:
            access, guest = await finding(self._unit.store.read)
            role, attributes = given(patch.role_sid, guest.role_sid), given(patch.attributes, guest.attributes)
            return _told(access, {**snapshot.guest(guest), "role_sid": role, "attributes": attributes}, None)

        await self._hook.before(actor, Action.MEMBER_UPDATE, look)
        return await self._unit.run(actor, act)

    async def remove(self, actor: Actor, channel_key: str, sid: str) -> None:
        """Closed conversations let go of them too."""
        finding = partial(_find_to_remove, actor=actor, channel_key=channel_key, sid=sid)

        async def act(work: Work) -> None:
            access, guest = await finding(work.tx, lock=True)
            self._rates.channel(access.channel.sid)
            roster = await work.tx.members.next_roster_position(access.channel.sid)
            channel = replace(advance(access.channel), guests_count=access.channel.guests_count - 1)
            await work.tx.guests.delete(guest.sid)
            await work.tx.channels.save(channel)
            gone = replace(guest, rev=channel.stream.offset, roster_position=roster)
            reason = LeaveReason.REMOVED
            work.log_channel(channel, EventType.MEMBER_LEFT, member=serial.guest(gone), reason=serial.reason(reason))
            facts = {"member": snapshot.guest(gone), "reason": reason.name}
            await work.tell(actor, Action.MEMBER_REMOVE, facts, channel=channel)

        async def look() -> Facts:
            access, guest = await finding(self._unit.store.read)
            return _told(access, snapshot.guest(guest), "REMOVED")

        await self._hook.before(actor, Action.MEMBER_REMOVE, look)
        await self._unit.run(actor, act)

    @staticmethod
    async def _change(work: Work, actor: Actor, old: Channel, guest: Guest, patch: GuestPatch) -> Guest:
        attributes = guest.attributes if patch.attributes is UNSET else limits.attributes(patch.attributes)
        service = await membership.service_of(work.tx, actor)
        role = guest.role_sid if patch.role_sid is UNSET else await _role(work.tx, service, patch.role_sid)
        index = given(patch.last_read_message_index, guest.last_read_message_index)
        moment = given(patch.last_read_timestamp, guest.last_read_timestamp)
        if patch.last_read_message_index is not UNSET:
            membership.check_index(old, index)
            moment = None if index is None else given(patch.last_read_timestamp, work.now)
        roster = await work.tx.members.next_roster_position(old.sid)
        channel = advance(old)
        changed = replace(
            guest,
            binding=_moved(guest.binding, patch),
            role_sid=role,
            attributes=attributes,
            last_read_message_index=index,
            last_read_timestamp=moment,
            date_created=given(patch.date_created, guest.date_created),
            date_updated=given(patch.date_updated, work.now),
            rev=channel.stream.offset,
            roster_position=roster,
        )
        await work.tx.guests.update(changed)
        await work.tx.channels.save(channel)
        work.log_channel(channel, EventType.MEMBER_UPDATED, member=serial.guest(changed))
        await work.tell(actor, Action.MEMBER_UPDATE, {"member": snapshot.guest(changed)}, channel=channel)
        return changed


def _told(access: Access, guest: Facts, why: str | None) -> Facts:
    """What a before-hook is told: the guest with the intended values."""
    return {"channel": snapshot.channel(access.channel), "member": guest, "reason": why}


def _moved(held: MessagingBinding, patch: GuestPatch) -> MessagingBinding:
    if patch.proxy_address is UNSET and patch.projected_address is UNSET:
        return held
    return addresses.moved(
        held,
        proxy_address=given(patch.proxy_address, held.proxy_address),
        projected_address=given(patch.projected_address, held.projected_address),
    )
