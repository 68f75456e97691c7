"""Reads behind the Sync objects of the Twilio SDKs: positions, pages by key, and what changed since a position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chatcore.domain.guests import Guest
from chatcore.domain.ids import ChannelSid, ServiceSid, UserSid
from chatcore.domain.model import Channel, Invite, Member, User


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRoot:
    """A channel as one user meets it, whether it may or not."""

    channel: Channel
    roster_position: int
    member: Member | None
    invite: Invite | None


class SyncReads(Protocol):
    """Each call is one statement (two where guests are read too), on its own snapshot."""

    async def roots(
        self, service_sid: ServiceSid, user_sid: UserSid, channel_sids: Sequence[ChannelSid]
    ) -> Mapping[ChannelSid, ChannelRoot]:
        """Channels that are gone or of another service are left out."""
        ...

    async def own_page(self, user_sid: UserSid, *, start: str | None, limit: int, up: bool) -> Sequence[ChannelRoot]:
        """Joined and invited channels by ascending (or descending) SID, from `start` on, itself included."""
        ...

    async def roster_page(
        self, channel_sid: ChannelSid, *, start: str | None, limit: int, up: bool, guests: bool
    ) -> Sequence[Member | Guest]:
        """By SID, from `start` on, itself included."""
        ...

    async def first_rosters(
        self, channel_sids: Sequence[ChannelSid], limit: int
    ) -> Mapping[ChannelSid, Sequence[Member]]:
        """The first members by SID of each channel that has any."""
        ...

    async def changed_rosters(
        self, positions: Mapping[ChannelSid, int], young: datetime
    ) -> Mapping[ChannelSid, Sequence[Member]]:
        """For each channel who changed after the position; horizons since `young` count as changed. Channels without
        such members are left out."""
        ...

    async def changed_guests(self, channel_sid: ChannelSid, position: int) -> Sequence[Guest]: ...

    async def left(self, channel_sid: ChannelSid, position: int, limit: int) -> Sequence[bytes]:
        """Payloads of `member.left` events after the position and perhaps some before it, newest first."""
        ...

    async def users(self, service_sid: ServiceSid, user_sids: Sequence[UserSid]) -> Mapping[UserSid, User]:
        """Those that exist in the service."""
        ...
