"""Devices: who has which, what a new registration takes from others, and who can be notified."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from chatcore.commands.devices import DeviceDraft
from chatcore.domain.devices import Binding, PushType
from chatcore.domain.errors import Code
from chatcore.domain.ids import Identity
from chatcore.domain.model import Actor
from chatcore.domain.paging import Window
from chatcore.domain.webhooks import Vocabulary
from chatcore.store.postgres import PostgresStore

from .push_keys import new_credential
from .world import ALL, World, new_world, refused, unknown

TOKEN = "fcm-token_of:a-device"
APNS = "AB" * 32


async def register(world: World, actor: Actor, address: str = TOKEN, **fields: Any) -> Binding:  # Any: of a draft
    kind = fields.pop("type", "fcm")
    if "credential_sid" not in fields:
        fields["credential_sid"] = (await new_credential(world, PushType(kind))).sid
    return await world.chat.devices.register(actor, DeviceDraft(type=kind, address=address, **fields))


async def devices(world: World, **filters: Any) -> list[Binding]:  # Any: filters of the list
    return list((await world.chat.devices.list(world.rest, ALL, **filters)).items)


async def notifiable(world: World, *identities: str) -> list[bool | None]:
    sids = [(await world.profile(identity)).sid for identity in identities]
    known = await world.chat.devices.is_notifiable(sids)
    return [known[sid] for sid in sids]


async def test_what_was_registered_is_found(world: World) -> None:
    alice = await world.user("alice")
    device = await register(world, alice, endpoint="phone", message_types=["twilio.channel.new_message", "odd.one"])
    assert (device.identity, device.user_sid, device.address, device.endpoint) == (
        "alice",
        alice.user_sid,
        TOKEN,
        "phone",
    )
    assert (device.message_types, device.vocabulary) == (("new_message", "odd.one"), Vocabulary.CHAT)
    assert await world.chat.devices.get(world.rest, device.sid) == device
    assert await devices(world) == [device]


async def test_without_an_endpoint_the_address_stands_for_it(world: World) -> None:
    device = await register(world, await world.user("alice"), APNS, type="apn")
    assert device.address == device.endpoint == APNS.lower()


@pytest.mark.parametrize(
    ("given", "kept", "vocabulary"),
    [
        (None, ("new_message", "added_to_channel", "invited_to_channel", "removed_from_channel"), Vocabulary.CHAT),
        ((), (), Vocabulary.CHAT),
        (("new_message",), ("new_message",), Vocabulary.CHAT),
        (("twilio.conversations.new_message",), ("new_message",), Vocabulary.CONVERSATIONS),
        (
            ("twilio.conversations.new_message", "twilio.channel.new_message", "twilio.channel.consumption_update"),
            ("new_message", "consumption_update"),
            Vocabulary.CONVERSATIONS,
        ),
    ],
)
async def test_message_types_lose_their_prefix_and_give_the_vocabulary(
    world: World, given: Any, kept: tuple[str, ...], vocabulary: Vocabulary
) -> None:  # Any: of a draft
    device = await register(world, await world.user("alice"), message_types=given)
    assert (device.message_types, device.vocabulary) == (kept, vocabulary)


async def test_registering_again_replaces_all_but_the_sid(world: World) -> None:
    alice = await world.user("alice")
    first = await register(world, alice, endpoint="phone", message_types=["new_message"])
    again = await register(world, alice, "a-new-token-of-the-device", endpoint="phone", message_types=[])
    assert (again.sid, again.date_created) == (first.sid, first.date_created)
    assert again.registered_at > first.registered_at
    assert (again.address, again.message_types) == ("a-new-token-of-the-device", ())
    assert again.credential_sid != first.credential_sid
    assert await devices(world) == [again]


async def test_an_address_moves_to_another_endpoint_of_the_user(world: World) -> None:
    alice = await world.user("alice")
    first = await register(world, alice, endpoint="old")
    moved = await register(world, alice, endpoint="new")
    assert await devices(world) == [moved]
    assert moved.sid == first.sid


async def test_address_and_endpoint_of_two_devices_become_one(world: World) -> None:
    alice = await world.user("alice")
    await register(world, alice, endpoint="one")
    second = await register(world, alice, "another-token-of-alice", endpoint="two")
    merged = await register(world, alice, TOKEN, endpoint="two")
    assert await devices(world) == [merged]
    assert merged.sid == second.sid


async def test_an_address_moves_to_another_user(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    first = await register(world, alice)
    moved = await register(world, bob)
    assert moved.sid != first.sid
    assert await devices(world) == [moved]
    assert await notifiable(world, "alice", "bob") == [False, True]
    await world.chat.devices.unregister(alice, first.sid)
    await world.chat.devices.unregister_address(alice, "fcm", TOKEN)
    assert await devices(world) == [moved]


async def test_apns_tokens_are_compared_in_lower_case(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    await register(world, alice, APNS, type="apn")
    await register(world, bob, APNS.lower(), type="apn")
    assert [device.identity for device in await devices(world)] == ["bob"]


async def test_fcm_tokens_are_compared_as_they_are(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    await register(world, alice, TOKEN)
    await register(world, bob, TOKEN.upper())
    assert len(await devices(world)) == 2


async def test_ten_of_a_type_and_the_oldest_goes(world: World) -> None:
    alice = await world.user("alice")
    made = [await register(world, alice, f"token-number-{n:010}") for n in range(11)]
    apple = await register(world, alice, APNS, type="apn")
    assert await devices(world) == [*made[1:], apple]


async def test_two_registrations_of_one_device_at_once(world: World) -> None:
    people = [await world.user(name) for name in ("alice", "bob", "alice", "bob")]
    credential = (await new_credential(world)).sid
    await asyncio.gather(*(register(world, actor, credential_sid=credential) for actor in people))
    assert len(await devices(world)) == 1


async def test_unregistering_is_idempotent(world: World) -> None:
    alice = await world.user("alice")
    one, two = await register(world, alice), await register(world, alice, "another-token-of-alice")
    for _ in range(2):
        await world.chat.devices.unregister(alice, one.sid)
        assert await devices(world) == [two]
    for _ in range(2):
        await world.chat.devices.unregister_address(alice, "fcm", two.address)
        assert await devices(world) == []
    assert await notifiable(world, "alice") == [False]
    assert (await register(world, alice)).address == TOKEN
    assert await notifiable(world, "alice") == [True]


async def test_apples_address_is_unregistered_in_any_case(world: World) -> None:
    alice = await world.user("alice")
    await register(world, alice, APNS.lower(), type="apn")
    await world.chat.devices.unregister_address(alice, "apn", APNS)
    assert await devices(world) == []


async def test_nobody_unregisters_the_device_of_another(world: World) -> None:
    device = await register(world, await world.user("alice"))
    bob = await world.user("bob")
    await world.chat.devices.unregister(bob, device.sid)
    await world.chat.devices.unregister_address(bob, "fcm", TOKEN)
    assert await devices(world) == [device]


async def test_what_is_remembered_of_a_device_holds_no_address(world: World) -> None:
    alice = await world.user("alice")
    await world.chat.devices.unregister(alice, (await register(world, alice)).sid)
    rows = await world.pool.fetch("SELECT * FROM bindings WHERE user_sid = $1", alice.user_sid)
    assert len(rows) == 1
    assert TOKEN not in str(rows)


async def test_who_never_registered_is_neither(world: World) -> None:
    await world.user("alice")
    assert await notifiable(world, "alice") == [None]


async def test_a_dead_token_is_invisible_until_it_registers_again(world: World) -> None:
    alice = await world.user("alice")
    device = await register(world, alice)
    await world.pool.execute(
        "UPDATE bindings SET invalid_at = now(), invalid_reason = '410' WHERE sid = $1", device.sid
    )
    assert await devices(world) == await devices(world, user_sid=alice.user_sid) == []
    with refused(Code.NOT_FOUND):
        await world.chat.devices.get(world.rest, device.sid)
    assert await notifiable(world, "alice") == [False]
    assert (await register(world, alice)).sid == device.sid
    assert await notifiable(world, "alice") == [True]


async def test_rest_deletes_anybodys(world: World) -> None:
    device = await register(world, await world.user("alice"))
    bob = await world.user("bob")
    with refused(Code.NOT_FOUND):
        await world.chat.devices.delete(world.rest, device.sid, user_sid=bob.user_sid)
    await world.chat.devices.delete(world.rest, device.sid, user_sid=device.user_sid)
    for call in (world.chat.devices.get, world.chat.devices.delete):
        for sid in (device.sid, unknown("BS"), "x"):
            with refused(Code.NOT_FOUND):
                await call(world.rest, sid)


async def test_lists_filter_and_page(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    one = await register(world, alice)
    two = await register(world, alice, APNS, type="apn")
    three = await register(world, bob, "token-of-the-device-of-bob", type="gcm")
    assert await devices(world) == [one, two, three]
    assert await devices(world, kinds=[PushType.APN, PushType.GCM]) == [two, three]
    assert await devices(world, kinds=[]) == []
    assert await devices(world, identities=[Identity("bob"), Identity("nobody")]) == [three]
    assert await devices(world, identities=[Identity("alice")], kinds=[PushType.FCM]) == [one]
    assert await devices(world, user_sid=alice.user_sid) == [one, two]
    for filters in ({}, {"identities": [Identity("alice"), Identity("bob")]}):
        first = await world.chat.devices.list(world.rest, Window(limit=2), **filters)  # type: ignore[arg-type]
        cursor = (first.items[-1].date_created, first.items[-1].sid)
        rest = await world.chat.devices.list(world.rest, Window(limit=2, after=cursor), **filters)  # type: ignore[arg-type]
        assert (list(first.items), list(rest.items), rest.has_before) == ([one, two], [three], True)


BAD: list[tuple[dict[str, Any], Code]] = [
    ({"type": "web", "credential_sid": None}, Code.BINDING_TYPE_INVALID),
    ({"address": ""}, Code.INVALID_PARAMETER),
    ({"address": "short"}, Code.INVALID_PARAMETER),
    ({"address": "x" * 4097}, Code.INVALID_PARAMETER),
    ({"address": "blanks are not allowed here"}, Code.INVALID_PARAMETER),
    ({"address": "é" * 30}, Code.INVALID_PARAMETER),
    ({"type": "apn", "address": "ab" * 31}, Code.INVALID_PARAMETER),
    ({"type": "apn", "address": "ab" * 101}, Code.INVALID_PARAMETER),
    ({"type": "apn", "address": "ab" * 32 + "c"}, Code.INVALID_PARAMETER),
    ({"type": "apn", "address": "xy" * 32}, Code.INVALID_PARAMETER),
    ({"credential_sid": None}, Code.INVALID_PARAMETER),
    ({"credential_sid": "CRxx"}, Code.INVALID_PARAMETER),
    ({"credential_sid": unknown("CR")}, Code.INVALID_PARAMETER),
    ({"credential_sid": "apple's"}, Code.INVALID_PARAMETER),
    ({"endpoint": "x" * 513}, Code.INVALID_PARAMETER),
    ({"endpoint": "\x00"}, Code.INVALID_PARAMETER),
    ({"message_types": ["x"] * 51}, Code.INVALID_PARAMETER),
    ({"message_types": [""]}, Code.INVALID_PARAMETER),
    ({"message_types": ["x" * 129]}, Code.INVALID_PARAMETER),
]


@pytest.mark.parametrize(("bad", "code"), BAD)
async def test_what_is_no_device(world: World, bad: dict[str, Any], code: Code) -> None:
    alice = await world.user("alice")
    fields = {"address": TOKEN, **bad}
    if fields.get("credential_sid") == "apple's":
        fields["credential_sid"] = (await new_credential(world, PushType.APN)).sid
    with refused(code):
        await register(world, alice, **fields)
    assert await devices(world) == []
    assert await notifiable(world, "alice") == [None]


async def test_gcm_and_fcm_match_each_other(world: World) -> None:
    credential = await new_credential(world, PushType.GCM)
    device = await register(world, await world.user("alice"), credential_sid=credential.sid)
    assert device.binding_type is PushType.FCM


async def test_credentials_of_other_accounts_are_unknown(world: World, store: PostgresStore) -> None:
    async with new_world(store) as other:
        credential = await new_credential(other)
    with refused(Code.INVALID_PARAMETER):
        await register(world, await world.user("alice"), credential_sid=credential.sid)


async def test_a_deleted_user_loses_its_devices(world: World) -> None:
    await register(world, await world.user("alice"))
    await world.chat.users.delete(world.rest, "alice")
    assert await devices(world) == []


async def test_who_is_no_user_has_no_devices(world: World) -> None:
    with refused(Code.USER_NOT_FOUND):
        await register(world, world.as_("nobody"))


async def test_first_and_last_device_are_told_where_the_service_asks_for_it(world: World) -> None:
    hooks = {"post_webhook_url": "https://example.org", "webhook_filters": ("onUserUpdated",)}
    await world.configure(reachability_enabled=True, **hooks)
    alice = await world.user("alice")
    one, two = await register(world, alice), await register(world, alice, "another-token-of-alice")
    for device in (one, two):
        await world.chat.devices.unregister(alice, device.sid)
    jobs = await world.jobs()
    assert [job["facts"]["user"]["is_notifiable"] for job in jobs] == [True, False]
    assert {(job["event"], job["source"]) for job in jobs} == {("onUserUpdated", "API")}
    await world.configure(reachability_enabled=False)
    await register(world, alice)
    assert len(await world.jobs()) == 2


async def test_what_is_old_is_forgotten(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    await world.chat.devices.unregister(alice, (await register(world, alice)).sid)
    kept = await register(world, bob)
    purge = world.chat.devices.purge  # looks at the devices of all services
    await purge(1000)
    assert await notifiable(world, "alice") == [False]
    world.clock.passed += timedelta(days=31).total_seconds()
    assert await purge(1000) >= 1
    assert await notifiable(world, "alice") == [None]
    assert await devices(world) == [kept]
    world.clock.passed += timedelta(days=366).total_seconds()
    assert await purge(1) == 1
    await purge(1000)
    assert await devices(world) == []
