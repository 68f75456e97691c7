"""The targets of channels, as the database keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from chatcore.domain.ids import ChannelSid
from chatcore.domain.paging import Page, Window
from chatcore.domain.webhooks import ChannelWebhook


class ChannelWebhooks(Protocol):
    async def insert(self, webhook: ChannelWebhook) -> None: ...

    async def get(self, channel_sid: ChannelSid, sid: str) -> ChannelWebhook | None: ...

    async def list(self, channel_sid: ChannelSid, window: Window) -> Page[ChannelWebhook]: ...

    async def of_channels(self, sids: Sequence[ChannelSid]) -> Mapping[ChannelSid, Sequence[ChannelWebhook]]:
        """All targets of each channel, oldest first; channels without any are left out."""
        ...

    async def update(self, webhook: ChannelWebhook) -> None: ...

    async def delete(self, sid: str) -> None: ...
