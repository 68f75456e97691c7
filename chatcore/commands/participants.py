"""Commands on participants of conversations: members and guests alike."""

from __future__ import annotations

from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import LeaveReason
from chatcore.domain.ids import ChannelSid, Identity, is_sid
from chatcore.domain.model import UNSET, Actor, Channel, Member, given
from chatcore.domain.paging import Page, Window
from chatcore.domain.participants import Participant, Participation
from chatcore.domain.permissions import Permission
from chatcore.ports.store import Repositories

from . import membership
from .access import enter, enter_as_member, require
from .activity import require_open
from .members import MemberPatch, Members, member_not_found
from .membership import MemberDraft
from .rates import Rates
from .unit import Unit, Work

_NOBODY: Page[Participation] = Page(items=(), has_before=False, has_after=False)


class Participants:
    """One public method is one command."""

    def __init__(self, unit: Unit, rates: Rates, members: Members) -> None:
        self._unit = unit
        self._rates = rates
        self._members = members

    async def get(self, actor: Actor, channel_key: str, key: str) -> Participant:
        """By SID, or by identity where there is one."""
        access = await enter_as_member(self._unit.store.read, actor, channel_key)
        return await _find(self._unit.store.read, access.channel.sid, key)

    async def list(self, actor: Actor, channel_key: str, window: Window) -> Page[Participant]:
        """By date of joining."""
        access = await enter_as_member(self._unit.store.read, actor, channel_key)
        return await self._unit.store.read.conversations.participants(access.channel.sid, window)

    async def of_identity(self, actor: Actor, identity: str, window: Window) -> Page[Participation]:
        """Conversations that somebody is a member of; none for an identity that does not exist."""
        user = await self._unit.store.read.users.get(actor.service_sid, identity)
        if user is None or user.identity != identity:  # a SID is no identity
            return _NOBODY
        return await self._unit.store.read.conversations.of_user(user.sid, window)

    async def of_address(self, actor: Actor, address: str, window: Window) -> Page[Participation]:
        """Conversations with a guest of that address."""
        return await self._unit.store.read.conversations.of_address(actor.service_sid, address, window)

    async def update(
        self, actor: Actor, channel_key: str, key: str, patch: MemberPatch, *, identity: str | None = None
    ) -> Member:
        """Of a member. Another identity takes its place: to everybody else one user leaves and another one joins, and
        what the patch leaves alone stays as it was. Raises ChatError(MEMBER_EXISTS)."""
        if identity is None:
            return await self._members.update(actor, channel_key, key, patch)
        limits.identity(identity)
        held = await self.get(actor, channel_key, key)
        if isinstance(held, Member) and held.identity == identity:
            return await self._members.update(actor, channel_key, held.sid, patch)

        async def act(work: Work) -> Member:
            access = await enter(work.tx, actor, channel_key, lock=True)
            require(actor, access, Permission.ADD_MEMBER, Permission.REMOVE_MEMBER)
            old = await _find(work.tx, access.channel.sid, key)
            if not isinstance(old, Member):
                raise ChatError(
                    Code.PARTICIPANT_IDENTITY_WITH_ADDRESS, "A participant has an identity or an address, not both"
                )
            require_open(access.channel)
            self._rates.channel(access.channel.sid)
            return await _hand_over(work, actor, access.channel, old, Identity(identity), patch)

        return await self._unit.run(actor, act)


async def _find(repos: Repositories, channel_sid: ChannelSid, key: str) -> Participant:
    """What looks like a SID is one, unless nobody has it."""
    found: Participant | None = await repos.guests.get(channel_sid, key) if is_sid("MB", key) else None
    found = found or await repos.members.get(channel_sid, key)
    if found is None:
        raise member_not_found(key)
    return found


async def _hand_over(
    work: Work, actor: Actor, channel: Channel, old: Member, identity: Identity, patch: MemberPatch
) -> Member:
    """The place of a member of the locked channel, and its SID, to the user of another identity."""
    if patch.attributes is not UNSET:
        limits.attributes(patch.attributes)
    if await work.tx.members.get(channel.sid, identity) is not None:
        raise ChatError(Code.MEMBER_EXISTS, f"{identity} is a member of the channel already")
    service = await membership.service_of(work.tx, actor)
    user, _ = await membership.ensure_user(work, actor, service, identity)
    await work.tx.members.next_roster_position(channel.sid)  # its lock comes before those of the streams
    await work.tx.users.lock_streams([old.user_sid, user.sid])  # both at once, in their order
    old = await work.tx.members.get(channel.sid, old.sid) or old  # a horizon may have moved meanwhile
    index = given(patch.last_consumed_message_index, old.last_consumed_message_index)
    read = work.now if patch.last_consumed_message_index is not UNSET else old.last_consumption_timestamp
    draft = MemberDraft(
        sid=old.sid,
        role_sid=given(patch.role_sid, old.role_sid),
        attributes=given(patch.attributes, old.attributes),
        last_consumed_message_index=index,
        last_consumption_timestamp=given(patch.last_consumption_timestamp, read),
        date_created=given(patch.date_created, old.date_created),
        date_updated=given(patch.date_updated, work.now),
    )
    channel = await membership.dismiss(work, actor, service, channel, old, LeaveReason.REMOVED)
    _, member = await membership.admit(work, actor, service, channel, user, draft)
    return member
