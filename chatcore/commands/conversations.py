"""Commands on conversations as such: private channels that are made with what their account configures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from chatcore.domain import durations, limits
from chatcore.domain.account import AccountConfiguration
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import Identity, is_sid
from chatcore.domain.model import UNSET, Actor, Channel, ChannelState, ChannelType, Service, User, given
from chatcore.domain.paging import Page, Window

from . import guests, membership
from .accounts import Accounts
from .channels import ChannelDraft, Channels
from .guests import GuestDraft
from .membership import MemberDraft
from .unit import Unit, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """Somebody who is there from the beginning."""

    identity: str
    draft: MemberDraft


class Conversations:
    """One public method is one command."""

    def __init__(self, unit: Unit, accounts: Accounts, channels: Channels) -> None:
        self._unit = unit
        self._accounts = accounts
        self._channels = channels

    async def create(
        self, actor: Actor, draft: ChannelDraft, participants: Sequence[NewMember | GuestDraft] = ()
    ) -> Channel:
        """With its participants, or not at all. What the draft leaves open comes from the account. Raises
        ChatError(STATE_CLOSED_AT_CREATION), (TIMER_WITHOUT_STATE), and whatever adding a participant may."""
        if draft.state is ChannelState.CLOSED:
            raise ChatError(Code.STATE_CLOSED_AT_CREATION, "A conversation cannot be made in the state closed")
        if draft.state is UNSET and (draft.inactive_after is not UNSET or draft.closed_after is not UNSET):
            raise ChatError(Code.TIMER_WITHOUT_STATE, "Timers need a State when a conversation is made")
        _check(draft)
        _check_participants(participants)

        async def then(work: Work, service: Service, channel: Channel) -> Channel:
            return await _fill(work, actor, service, channel, participants)

        configured = _configured(draft, await self._accounts.configuration(actor.account_sid))
        channel, _ = await self._channels.create(actor, configured, then=then if participants else None)
        return channel

    async def update(self, actor: Actor, key: str, draft: ChannelDraft) -> Channel:
        _check(draft)
        return await self._channels.update(actor, key, draft)

    async def list(
        self,
        actor: Actor,
        window: Window,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: ChannelState | None = None,
    ) -> Page[Channel]:
        """Those created at `since` or later and before `until`. For REST callers: clients list their own."""
        assert actor.identity is None, "clients list what they are members of"
        return await self._unit.store.read.conversations.list(
            actor.service_sid, window, since=since, until=until, state=state
        )


def _check(draft: ChannelDraft) -> None:
    if isinstance(draft.messaging_service_sid, str) and not is_sid("MG", draft.messaging_service_sid):
        raise ChatError(Code.MESSAGING_SERVICE_INVALID, "MessagingServiceSid is not the SID of such a service")


def _check_participants(participants: Sequence[NewMember | GuestDraft]) -> None:
    for new in participants:
        if isinstance(new, GuestDraft):
            limits.attributes(given(new.attributes, "{}"))
            assert new.binding, "it raises for addresses that cannot be"
        else:
            limits.identity(new.identity)
            limits.attributes(given(new.draft.attributes, "{}"))


def _configured(draft: ChannelDraft, account: AccountConfiguration) -> ChannelDraft:
    """A private channel with what the account has for those that do not say."""
    inactive, closed = account.default_inactive_timer, account.default_closed_timer
    return replace(
        draft,
        type=ChannelType.PRIVATE,
        messaging_service_sid=given(draft.messaging_service_sid, None) or account.default_messaging_service_sid,
        inactive_after=given(draft.inactive_after, None if inactive is None else durations.inactive_timer(inactive)),
        closed_after=given(draft.closed_after, None if closed is None else durations.closed_timer(closed)),
    )


async def _fill(
    work: Work, actor: Actor, service: Service, channel: Channel, participants: Sequence[NewMember | GuestDraft]
) -> Channel:
    """Adds them in the order in which they were given."""
    users: dict[str, User] = {}
    for identity in sorted({new.identity for new in participants if isinstance(new, NewMember)}):
        users[identity], _ = await membership.ensure_user(work, actor, service, Identity(identity))
    await work.tx.users.lock_streams([user.sid for user in users.values()])  # all at once, in their order
    for new in participants:
        if isinstance(new, GuestDraft):
            channel, _ = await guests.admit(work, actor, service, channel, new)
        else:
            channel, _ = await membership.admit(work, actor, service, channel, users[new.identity], new.draft)
    return channel
