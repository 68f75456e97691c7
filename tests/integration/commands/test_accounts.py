from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from chatcore.commands.accounts import DEFAULT_SERVICE_NAME, AddressDraft
from chatcore.domain.account import AddressConfiguration, AutoCreation
from chatcore.domain.errors import Code
from chatcore.domain.ids import AccountSid, ServiceSid, new_sid
from chatcore.domain.model import Service
from chatcore.domain.webhooks import NO_ACCOUNT_WEBHOOKS, AccountWebhooks

from .world import ALL, World, refused

DRAFT = AddressDraft(type="sms", address="+15550001", auto_creation=AutoCreation())


async def a_service_of(world: World, account_sid: AccountSid) -> Service:
    return await world.chat.services.create(account_sid, "Another")


async def test_the_default_service_is_made_once_and_again_after_its_deletion(world: World) -> None:
    account = world.rest.account_sid
    made = await asyncio.gather(*(world.chat.accounts.default_service(account) for _ in range(4)))
    assert len({service.sid for service in made}) == 1
    await world.chat.services.delete(account, made[0].sid)
    again = await world.chat.accounts.default_service(account)
    assert again.sid != made[0].sid
    assert again.friendly_name == DEFAULT_SERVICE_NAME
    assert await world.chat.accounts.default_service(account) == again


async def test_a_configuration_is_kept_as_it_was_changed(world: World) -> None:
    account = world.rest.account_sid
    before = await world.chat.accounts.configuration(account)
    assert before.webhooks == NO_ACCOUNT_WEBHOOKS
    other = await a_service_of(world, account)
    wanted = replace(
        before,
        default_service_sid=other.sid,
        default_messaging_service_sid=new_sid("MG"),
        default_inactive_timer="PT5M",
        default_closed_timer="P1D",
        webhooks=AccountWebhooks(
            method="GET", filters=("onMessageAdded",), pre_url="http://a/", post_url="http://b/", target="flex"
        ),
    )
    assert await world.chat.accounts.configure(account, lambda held: wanted) == wanted
    assert await world.chat.accounts.configuration(account) == wanted
    service = await world.chat.services.get(account, other.sid)
    assert service.account_webhooks == wanted.webhooks


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"default_service_sid": ServiceSid(new_sid("IS"))}, Code.SERVICE_NOT_FOUND),
        ({"default_messaging_service_sid": "MG1"}, Code.MESSAGING_SERVICE_INVALID),
        ({"default_inactive_timer": "PT59.9S"}, Code.INACTIVE_TIMER_TOO_SHORT),
        ({"default_inactive_timer": "1m"}, Code.INACTIVE_TIMER_INVALID),
        ({"default_closed_timer": "PT9M59S"}, Code.CLOSED_TIMER_TOO_SHORT),
        ({"default_closed_timer": "1h"}, Code.CLOSED_TIMER_INVALID),
    ],
)
async def test_what_cannot_be_configured(world: World, fields: dict[str, str], code: Code) -> None:
    account = world.rest.account_sid
    before = await world.chat.accounts.configuration(account)
    with refused(code):
        await world.chat.accounts.configure(account, lambda held: replace(held, **fields))  # type: ignore[arg-type]  # by name
    assert await world.chat.accounts.configuration(account) == before


async def test_concurrent_changes_keep_each_others_fields(world: World) -> None:
    account = world.rest.account_sid
    configure = world.chat.accounts.configure
    await asyncio.gather(
        configure(account, lambda held: replace(held, default_inactive_timer="PT2M")),
        configure(account, lambda held: replace(held, default_closed_timer="PT20M")),
    )
    found = await world.chat.accounts.configuration(account)
    assert (found.default_inactive_timer, found.default_closed_timer) == ("PT2M", "PT20M")


async def test_life_of_an_address(world: World) -> None:
    account, accounts = world.rest.account_sid, world.chat.accounts
    made = await accounts.create_address(account, replace(DRAFT, friendly_name="name", address_country="CA"))
    assert await accounts.address(account, made.sid) == await accounts.address(account, DRAFT.address) == made
    assert await accounts.update_address(account, made.sid, lambda held: held) == made
    creation = AutoCreation(enabled=True, type="webhook", webhook_filters=("onMessageAdded",), studio_retry_count=2)

    def change(held: AddressConfiguration) -> AddressConfiguration:
        return replace(held, friendly_name=None, auto_creation=creation)

    changed = await accounts.update_address(account, DRAFT.address, change)
    assert changed == replace(change(made), date_updated=changed.date_updated)
    assert changed.date_updated > made.date_updated
    assert (await accounts.addresses(account, ALL)).items == [changed]
    assert (await accounts.addresses(account, ALL, kind="email")).items == []
    await accounts.delete_address(account, made.sid)
    for key in (made.sid, DRAFT.address):
        with refused(Code.NOT_FOUND):
            await accounts.address(account, key)
        with refused(Code.NOT_FOUND):
            await accounts.update_address(account, key, change)
        with refused(Code.NOT_FOUND):
            await accounts.delete_address(account, key)


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (replace(DRAFT, address=""), Code.INVALID_PARAMETER),
        (replace(DRAFT, address="x" * 257), Code.INVALID_PARAMETER),
        (replace(DRAFT, address="a\x00b"), Code.INVALID_PARAMETER),
        (replace(DRAFT, address=new_sid("IG")), Code.INVALID_PARAMETER),
        (replace(DRAFT, friendly_name="x" * 257), Code.FRIENDLY_NAME_TOO_LONG),
    ],
)
async def test_addresses_that_cannot_be(world: World, draft: AddressDraft, code: Code) -> None:
    with refused(code):
        await world.chat.accounts.create_address(world.rest.account_sid, draft)


async def test_an_address_is_configured_once(world: World) -> None:
    await world.chat.accounts.create_address(world.rest.account_sid, DRAFT)
    with refused(Code.CONFLICT):
        await world.chat.accounts.create_address(world.rest.account_sid, DRAFT)
