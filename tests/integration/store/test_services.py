"""Services."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chatcore.domain.blueprint import new_service
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, ServiceSid, new_sid
from chatcore.domain.model import Notifications, NotificationSettings, Service
from chatcore.domain.paging import Window
from chatcore.domain.permissions import DEFAULT_ROLES
from chatcore.ports.clock import SystemClock
from chatcore.store.postgres import PostgresStore

from . import make


async def test_a_service_comes_back_as_it_was_stored(store: PostgresStore, service: Service) -> None:
    assert await store.read.services.find(service.sid) == service
    changed = replace(
        service,
        friendly_name="Ünïcode ✓",
        webhook_filters=("onMessageSent", "onChannelAdded"),
        pre_webhook_url="https://example.com/hook",
        limit_channel_members=7,
        notifications=Notifications(
            new_message=NotificationSettings(enabled=True, template="${USER}: ${MESSAGE}", badge_count_enabled=True),
            log_enabled=True,
        ),
        date_updated=make.later(5),
    )
    await store.read.services.update(changed)
    assert await store.read.services.find(service.sid) == changed


async def test_default_roles_come_with_the_service(store: PostgresStore, service: Service) -> None:
    page = await store.read.roles.list(service.sid, Window(limit=10))
    assert {role.friendly_name for role in page.items} == {name for name, _, _ in DEFAULT_ROLES}


async def test_a_service_belongs_to_its_account(store: PostgresStore, service: Service) -> None:
    assert await store.read.services.get(service.account_sid, service.sid) == service
    assert await store.read.services.get(AccountSid(new_sid("AC")), service.sid) is None


async def test_a_service_of_nobody_is_refused(store: PostgresStore) -> None:
    stray, roles = new_service(AccountSid(new_sid("AC")), "Stray", ServiceSid(new_sid("IS")), SystemClock().now())
    with pytest.raises(ChatError) as refused:
        async with store.transaction() as tx:
            await tx.services.create(stray, roles)
    assert refused.value.code is Code.NOT_FOUND


async def test_a_deleted_service_is_absent(store: PostgresStore, service: Service) -> None:
    await store.read.services.delete(service.sid, make.NOW)
    await store.read.services.delete(service.sid, make.NOW)
    assert await store.read.services.find(service.sid) is None
    page = await store.read.services.list(service.account_sid, Window(limit=10))
    assert list(page.items) == []
