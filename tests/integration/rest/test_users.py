from __future__ import annotations

from urllib.parse import quote

import pytest

from chatcore.domain.ids import Identity

from .rig import HOST, Rest, Rig

STRANGE = [
    "a@b.example",
    "a b",
    "a+b",
    "a:b%20c",
    "é",
    "名前",
    "\U0001f600",
    "a/b",
    "?x",
    "#",
    "...",
    " ",
    "%41",
    "Ann",
]


async def test_a_fresh_user_has_every_property(rest: Rest) -> None:
    user = await rest.create("Users", Identity="ann")
    url = f"{HOST}/v2/Services/{rest.service_sid}/Users/{user['sid']}"
    assert user == {
        "sid": user["sid"],
        "account_sid": rest.account.sid,
        "service_sid": rest.service_sid,
        "role_sid": (await rest.get(""))["default_service_role_sid"],
        "identity": "ann",
        "attributes": "{}",
        "friendly_name": None,
        "is_online": None,
        "is_notifiable": None,
        "joined_channels_count": 0,
        "date_created": user["date_created"],
        "date_updated": user["date_created"],
        "url": url,
        "links": {"user_channels": f"{url}/Channels", "user_bindings": f"{url}/Bindings"},
    }
    assert await rest.get(f"Users/{user['sid']}") == await rest.get("Users/ann") == user


async def test_life_of_a_user(rest: Rest) -> None:
    roles = {r["friendly_name"]: r["sid"] for r in (await rest.get("Roles"))["roles"]}
    attributes = '{ "a" : "\U0001f600" }'
    values = {"Identity": "bob", "FriendlyName": "Bob", "Attributes": attributes, "RoleSid": roles["service admin"]}
    user = await rest.create("Users", values)
    assert (user["friendly_name"], user["attributes"], user["role_sid"]) == ("Bob", attributes, values["RoleSid"])
    assert await rest.update("Users/bob") == user
    changed = await rest.update("Users/bob", Attributes="7", RoleSid=roles["service user"])
    assert changed == user | {
        "attributes": "7",
        "role_sid": roles["service user"],
        "date_updated": changed["date_updated"],
    }
    assert (await rest.update(f"Users/{user['sid']}", FriendlyName=""))["friendly_name"] is None
    channel = (await rest.create("Channels"))["sid"]
    await rest.create(f"Channels/{channel}/Members", Identity="bob")
    assert (await rest.get("Users/bob"))["joined_channels_count"] == 1
    await rest.delete("Users/bob")
    assert await rest.refused("GET", "Users/bob") == (404, 20404)
    assert await rest.refused("GET", f"Channels/{channel}/Members/bob") == (404, 20404)
    assert (await rest.get(f"Channels/{channel}"))["members_count"] == 0
    assert (await rest.create("Users", Identity="bob"))["sid"] != user["sid"]


@pytest.mark.parametrize("identity", STRANGE)
async def test_identities_are_compared_exactly(rest: Rest, identity: str) -> None:
    user = await rest.create("Users", Identity=identity)
    assert user["identity"] == identity
    assert await rest.get(f"Users/{quote(identity, safe='')}") == user
    await rest.create("Users", Identity=identity + " ")
    assert await rest.refused("POST", "Users", Identity=identity) == (409, 50201)


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({}, 400, 20001),
        ({"Identity": ""}, 400, 50204),
        ({"Identity": "system"}, 400, 50203),
        ({"Identity": "US" + "a" * 32}, 400, 50206),
        ({"Identity": "x" * 257}, 400, 50207),
        ({"Identity": "a\x00b"}, 400, 20001),
        ({"Identity": "x", "RoleSid": "RL" + "0" * 32}, 404, 50100),
        ({"Identity": "x", "RoleSid": ""}, 400, 50103),
        ({"Identity": "x", "Attributes": ""}, 400, 50304),
        ({"Identity": "x", "Attributes": "{'a': 1}"}, 400, 50304),
        ({"Identity": "x", "Attributes": "NaN"}, 400, 50304),
        ({"Identity": "x", "Attributes": '"' + "a" * 4096 + '"'}, 400, 50303),
        ({"Identity": "x", "Attributes": '"\\ud800"'}, 400, 20001),
        ({"Identity": "x", "FriendlyName": "n" * 257}, 400, 50003),
    ],
)
async def test_bad_users_are_refused_by_code(rest: Rest, values: dict[str, str], status: int, code: int) -> None:
    assert await rest.refused("POST", "Users", values) == (status, code)
    assert (await rest.get("Users"))["users"] == []


async def test_the_longest_values_are_accepted(rest: Rest) -> None:
    longest = {"Identity": "\U0001f600" * 256, "FriendlyName": "\U0001f600" * 256, "Attributes": '"' + "a" * 4094 + '"'}
    user = await rest.create("Users", longest)
    assert [user["identity"], user["friendly_name"], user["attributes"]] == list(longest.values())


async def test_users_take_deployment_roles_only(rest: Rest, stranger: Rest) -> None:
    roles = {r["friendly_name"]: r["sid"] for r in (await rest.get("Roles"))["roles"]}
    foreign = (await stranger.get("Roles"))["roles"][0]["sid"]
    await rest.create("Users", Identity="ann")
    for path in ("Users", "Users/ann"):
        assert await rest.refused("POST", path, Identity="x", RoleSid=roles["channel user"]) == (404, 50102)
        assert await rest.refused("POST", path, Identity="x", RoleSid=foreign) == (404, 50100)


async def test_reachability_is_told_for_single_users_where_it_is_on(rest: Rest, rig: Rig) -> None:
    rig.reachability.known = {Identity("on"): True, Identity("off"): False}
    for identity in ("on", "off", "never"):
        await rest.create("Users", Identity=identity)
    assert (await rest.get("Users/on"))["is_online"] is None
    await rest.update("", ReachabilityEnabled="true")
    assert (await rest.get("Users/on"))["is_online"] is True
    assert (await rest.update("Users/off", FriendlyName="x"))["is_online"] is False
    assert (await rest.get("Users/never"))["is_online"] is None
    assert {user["is_online"] for user in (await rest.get("Users"))["users"]} == {None}


async def test_users_are_shown_while_reachability_is_unknown(rest: Rest, rig: Rig) -> None:
    await rest.create("Users", Identity="on")
    await rest.update("", ReachabilityEnabled="true")
    rig.reachability.away = True
    try:
        assert (await rest.get("Users/on"))["is_online"] is None
    finally:
        rig.reachability.away = False
