from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatcore.commands.sending import SendDraft
from chatcore.commands.services import SETTINGS_AGE
from chatcore.domain.errors import Code
from chatcore.domain.ids import AccountSid
from chatcore.domain.model import Actor

from .world import ALL, World, refused, unknown


async def test_a_service_is_kept_as_it_was_made(world: World) -> None:
    assert await world.chat.services.get(world.rest.account_sid, world.service.sid) == world.service


@pytest.mark.parametrize(
    ("name", "code"),
    [("", Code.FRIENDLY_NAME_EMPTY), ("x" * 257, Code.FRIENDLY_NAME_TOO_LONG), ("a\x00", Code.INVALID_PARAMETER)],
)
async def test_names_that_a_service_cannot_have(world: World, name: str, code: Code) -> None:
    with refused(code):
        await world.chat.services.create(world.rest.account_sid, name)
    with refused(code):
        await world.configure(friendly_name=name)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"typing_indicator_timeout": 0}, Code.TYPING_TIMEOUT_INVALID),
        ({"consumption_report_interval": -1}, Code.CONSUMPTION_INTERVAL_INVALID),
        ({"limit_channel_members": 0}, Code.CHANNEL_MEMBERS_LIMIT_INVALID),
        ({"limit_channel_members": 1001}, Code.CHANNEL_MEMBERS_LIMIT_INVALID),
        ({"limit_user_channels": 0}, Code.USER_CHANNELS_LIMIT_INVALID),
        ({"limit_user_channels": 1001}, Code.USER_CHANNELS_LIMIT_INVALID),
        ({"pre_webhook_retry_count": 4}, Code.RETRY_COUNT_INVALID),
        ({"post_webhook_retry_count": -1}, Code.RETRY_COUNT_INVALID),
        ({"default_service_role_sid": "RLx"}, Code.DEPLOYMENT_ROLE_NOT_FOUND),
        ({"default_channel_role_sid": "RLx"}, Code.CHANNEL_ROLE_NOT_FOUND),
        ({"default_channel_creator_role_sid": "RLx"}, Code.CREATOR_ROLE_NOT_FOUND),
    ],
)
async def test_settings_out_of_bounds_change_nothing(world: World, fields: dict[str, Any], code: Code) -> None:
    with refused(code):
        await world.configure(**fields)
    assert await world.chat.services.get(world.rest.account_sid, world.service.sid) == world.service


async def test_a_default_role_has_to_be_of_its_kind(world: World) -> None:
    deployment, in_channel = world.service.default_service_role_sid, world.service.default_channel_role_sid
    with refused(Code.DEPLOYMENT_ROLE_NOT_FOUND):
        await world.configure(default_service_role_sid=in_channel)
    with refused(Code.CHANNEL_ROLE_NOT_FOUND):
        await world.configure(default_channel_role_sid=deployment)
    with refused(Code.CREATOR_ROLE_NOT_FOUND):
        await world.configure(default_channel_creator_role_sid=deployment)


async def test_an_update_of_nothing_answers_as_it_is(world: World) -> None:
    before = world.service
    await world.configure()
    assert world.service == before


async def test_of_two_updates_at_once_each_keeps_the_fields_of_the_other(world: World) -> None:
    await asyncio.gather(
        world.configure(friendly_name="new"),
        world.configure(typing_indicator_timeout=9),
        world.configure(limit_user_channels=9),
    )
    found = await world.chat.services.get(world.rest.account_sid, world.service.sid)
    assert (found.friendly_name, found.typing_indicator_timeout, found.limit_user_channels) == ("new", 9, 9)


async def test_services_of_another_account_do_not_exist(world: World) -> None:
    other = AccountSid(unknown("AC"))
    with refused(Code.SERVICE_NOT_FOUND):
        await world.chat.services.get(other, world.service.sid)
    with refused(Code.SERVICE_NOT_FOUND):
        await world.chat.services.delete(other, world.service.sid)
    assert (await world.chat.services.list(other, ALL)).items == []
    stranger = Actor(account_sid=other, service_sid=world.service.sid)
    with refused(Code.SERVICE_NOT_FOUND):
        await world.chat.services.settings(stranger)
    channel = await world.channel()
    with refused(Code.SERVICE_NOT_FOUND):
        await world.chat.messages.send(stranger, SendDraft(channel=channel.sid))


async def test_a_deleted_service_is_gone(world: World) -> None:
    channel = await world.channel()
    await world.send(channel)
    await world.chat.services.delete(world.rest.account_sid, world.service.sid)
    with refused(Code.SERVICE_NOT_FOUND):
        await world.chat.services.get(world.rest.account_sid, world.service.sid)
    with refused(Code.SERVICE_NOT_FOUND):
        await world.chat.services.delete(world.rest.account_sid, world.service.sid)
    with refused(Code.SERVICE_NOT_FOUND):
        await world.send(channel)
    with refused(Code.SERVICE_NOT_FOUND):
        await world.user("alice")


async def test_settings_may_lag_but_not_for_long(world: World) -> None:
    held = await world.chat.services.settings(world.rest)
    await world.pool.execute("UPDATE services SET friendly_name = 'new' WHERE sid = $1", world.service.sid)
    assert await world.chat.services.settings(world.rest) == held
    world.clock.passed += SETTINGS_AGE
    assert (await world.chat.services.settings(world.rest)).friendly_name == "new"


async def test_own_updates_are_seen_at_once(world: World) -> None:
    await world.chat.services.settings(world.rest)
    await world.configure(typing_indicator_timeout=9)
    assert (await world.chat.services.settings(world.rest)).typing_indicator_timeout == 9
