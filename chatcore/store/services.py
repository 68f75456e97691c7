"""Services as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from chatcore.domain.ids import AccountSid, ServiceSid
from chatcore.domain.model import (
    ConversationNotifications,
    MediaNotification,
    Notifications,
    NotificationSettings,
    Role,
    Service,
)
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.domain.webhooks import AccountWebhooks, EventUrl

from . import pages
from .queries import load
from .roles import Roles
from .session import Row, Session

_SQL = load("services")


def service_from(row: Row) -> Service:
    filters = row["webhook_filters"]
    return Service(
        sid=row["sid"],
        account_sid=row["account_sid"],
        friendly_name=row["friendly_name"],
        default_service_role_sid=row["default_service_role_sid"],
        default_channel_role_sid=row["default_channel_role_sid"],
        default_channel_creator_role_sid=row["default_channel_creator_role_sid"],
        read_status_enabled=row["read_status_enabled"],
        reachability_enabled=row["reachability_enabled"],
        typing_indicator_timeout=row["typing_indicator_timeout"],
        consumption_report_interval=row["consumption_report_interval"],
        limit_channel_members=row["limit_channel_members"],
        limit_user_channels=row["limit_user_channels"],
        pre_webhook_url=row["pre_webhook_url"],
        post_webhook_url=row["post_webhook_url"],
        webhook_method=row["webhook_method"],
        webhook_filters=tuple(filters) if filters is not None else None,
        pre_webhook_retry_count=row["pre_webhook_retry_count"],
        post_webhook_retry_count=row["post_webhook_retry_count"],
        media_size_limit_mb=row["media_size_limit_mb"],
        media_compatibility_message=row["media_compatibility_message"],
        notifications=_notifications(row["notifications"]),
        date_created=row["date_created"],
        date_updated=row["date_updated"],
        conversation_notifications=_conversation_notifications(row["conversation_notifications"]),
        event_urls={name: EventUrl(**entry) for name, entry in row["event_urls"].items()},
        account_webhooks=AccountWebhooks(
            method=row["account_method"],
            filters=tuple(row["account_filters"]),
            pre_url=row["account_pre_url"],
            post_url=row["account_post_url"],
            target=row["account_target"],
        ),
    )


def _notifications(stored: Mapping[str, Any]) -> Notifications:  # Any: JSON
    """What is missing in the stored JSON has its default."""

    settings = partial(_settings_of, stored)
    return Notifications(
        new_message=settings("new_message"),
        added_to_channel=settings("added_to_channel"),
        removed_from_channel=settings("removed_from_channel"),
        invited_to_channel=settings("invited_to_channel"),
        log_enabled=stored.get("log_enabled", False),
    )


def _conversation_notifications(stored: Mapping[str, Any]) -> ConversationNotifications:  # Any: JSON
    settings, media = partial(_settings_of, stored), stored.get("new_message_with_media")
    return ConversationNotifications(
        new_message=settings("new_message"),
        new_message_with_media=None if media is None else MediaNotification(**media),
        added_to_conversation=settings("added_to_conversation"),
        removed_from_conversation=settings("removed_from_conversation"),
        log_enabled=stored.get("log_enabled", False),
    )


def _settings_of(stored: Mapping[str, Any], name: str) -> NotificationSettings:  # Any: JSON
    return NotificationSettings(**stored.get(name, {}))


def _settings(service: Service) -> tuple[object, ...]:
    """What insert and update have in common, in their order."""
    return (
        service.friendly_name,
        service.default_service_role_sid,
        service.default_channel_role_sid,
        service.default_channel_creator_role_sid,
        service.read_status_enabled,
        service.reachability_enabled,
        service.typing_indicator_timeout,
        service.consumption_report_interval,
        service.limit_channel_members,
        service.limit_user_channels,
        service.pre_webhook_url,
        service.post_webhook_url,
        service.webhook_method,
        service.webhook_filters,
        service.pre_webhook_retry_count,
        service.post_webhook_retry_count,
        service.media_size_limit_mb,
        service.media_compatibility_message,
        asdict(service.notifications),
        {name: asdict(entry) for name, entry in service.event_urls.items()},
        asdict(service.conversation_notifications),
    )


def _cursor(service: Service) -> Cursor:
    return service.date_created, service.sid


class Services:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def create(self, service: Service, roles: Sequence[Role]) -> None:
        """One statement per row: needs a transaction to be atomic."""
        await self._session.run(
            _SQL["insert"],
            service.sid,
            service.account_sid,
            *_settings(service),
            service.date_created,
            service.date_updated,
        )
        repository = Roles(self._session)
        for role in roles:
            await repository.create(role)

    async def get(self, account_sid: AccountSid, sid: str) -> Service | None:
        service = await self.find(ServiceSid(sid))
        return service if service is not None and service.account_sid == account_sid else None

    async def find(self, sid: ServiceSid) -> Service | None:
        row = await self._session.row(_SQL["find"], sid)
        return service_from(row) if row is not None else None

    async def lock(self, sid: ServiceSid) -> Service | None:
        await self._session.run(_SQL["lock"], sid)
        return await self.find(sid)

    async def list(self, account_sid: AccountSid, window: Window) -> Page[Service]:
        after = partial(self._session.rows, _SQL["list_after"], account_sid)
        before = partial(self._session.rows, _SQL["list_before"], account_sid)
        return await pages.read(window, after, before, service_from, _cursor)

    async def update(self, service: Service) -> None:
        await self._session.run(_SQL["update"], service.sid, *_settings(service), service.date_updated)

    async def delete(self, sid: ServiceSid, now: datetime) -> None:
        await self._session.run(_SQL["delete"], sid, now)
