"""Private channels and everybody in them, as the database lists them."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from chatcore.domain.ids import ChannelSid, ServiceSid, UserSid
from chatcore.domain.model import Channel, ChannelState
from chatcore.domain.paging import Page, Window
from chatcore.domain.participants import Participant, Participation


class Conversations(Protocol):
    """By date of creation, of the conversation or of the participant."""

    async def list(
        self,
        service_sid: ServiceSid,
        window: Window,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: ChannelState | None = None,
    ) -> Page[Channel]:
        """Created at `since` or later, and before `until`."""
        ...

    async def participants(self, channel_sid: ChannelSid, window: Window) -> Page[Participant]:
        """Members and guests in one list."""
        ...

    async def of_user(self, user_sid: UserSid, window: Window) -> Page[Participation]:
        """Those that the user is a member of."""
        ...

    async def of_address(self, service_sid: ServiceSid, address: str, window: Window) -> Page[Participation]:
        """Those with a guest of that address."""
        ...
