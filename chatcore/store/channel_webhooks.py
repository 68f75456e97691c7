"""Targets of channels as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from chatcore.domain.ids import ChannelSid
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.domain.webhooks import ChannelWebhook, Vocabulary, WebhookType

from . import pages
from .queries import load
from .session import Row, Session

_SQL = load("channel_webhooks")


def webhook_from(row: Row) -> ChannelWebhook:
    return ChannelWebhook(
        sid=row["sid"],
        service_sid=row["service_sid"],
        channel_sid=row["channel_sid"],
        vocabulary=Vocabulary(row["vocabulary"]),
        type=WebhookType(row["type"]),
        url=row["url"],
        method=row["method"],
        filters=tuple(row["filters"]),
        triggers=tuple(row["triggers"]),
        flow_sid=row["flow_sid"],
        retry_count=row["retry_count"],
        replay_after=row["replay_after"],
        date_created=row["date_created"],
        date_updated=row["date_updated"],
    )


def _cursor(webhook: ChannelWebhook) -> Cursor:
    return webhook.date_created, webhook.sid


class ChannelWebhooks:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def insert(self, webhook: ChannelWebhook) -> None:
        await self._session.run(
            _SQL["insert"],
            webhook.sid,
            webhook.service_sid,
            webhook.channel_sid,
            webhook.vocabulary.value,
            webhook.type.value,
            webhook.url,
            webhook.method,
            webhook.filters,
            webhook.triggers,
            webhook.flow_sid,
            webhook.retry_count,
            webhook.replay_after,
            webhook.date_created,
            webhook.date_updated,
        )

    async def get(self, channel_sid: ChannelSid, sid: str) -> ChannelWebhook | None:
        row = await self._session.row(_SQL["by_sid"], channel_sid, sid)
        return webhook_from(row) if row is not None else None

    async def list(self, channel_sid: ChannelSid, window: Window) -> Page[ChannelWebhook]:
        after = partial(self._session.rows, _SQL["list_after"], channel_sid)
        before = partial(self._session.rows, _SQL["list_before"], channel_sid)
        return await pages.read(window, after, before, webhook_from, _cursor)

    async def of_channels(self, sids: Sequence[ChannelSid]) -> Mapping[ChannelSid, Sequence[ChannelWebhook]]:
        found: dict[ChannelSid, list[ChannelWebhook]] = {}
        for row in await self._session.rows(_SQL["of_channels"], sids):
            found.setdefault(row["channel_sid"], []).append(webhook_from(row))
        return found

    async def update(self, webhook: ChannelWebhook) -> None:
        await self._session.run(
            _SQL["update"],
            webhook.sid,
            webhook.url,
            webhook.method,
            webhook.filters,
            webhook.triggers,
            webhook.flow_sid,
            webhook.retry_count,
            webhook.date_updated,
        )

    async def delete(self, sid: str) -> None:
        await self._session.run(_SQL["delete"], sid)
