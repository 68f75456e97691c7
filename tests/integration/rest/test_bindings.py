from __future__ import annotations

from typing import Any

import pytest

from chatcore.commands.devices import DeviceDraft
from chatcore.domain.ids import Identity
from chatcore.domain.model import Actor

from .rig import HOST, Rest, Rig

STRANGE = "ann é/+@b"


class Devices:
    """Registers as clients do."""

    def __init__(self, rig: Rig, rest: Rest, credentials: dict[str, str]) -> None:
        self._rig = rig
        self._rest = rest
        self.credentials = credentials
        self._made = 0

    async def register(self, identity: str, kind: str = "fcm", **more: Any) -> str:
        """Returns the SID."""
        self._made += 1
        address = f"{self._made:064x}" if kind == "apn" else f"token-of-device-{self._made:06}"
        actor = Actor(
            account_sid=self._rest.account.sid, service_sid=self._rest.service_sid, identity=Identity(identity)
        )
        await self._rig.chat.users.connected(actor, Identity(identity), None)
        draft = DeviceDraft(type=kind, address=address, credential_sid=self.credentials[kind], **more)
        return (await self._rig.chat.devices.register(actor, draft)).sid


@pytest.fixture
def devices(rig: Rig, rest: Rest) -> Devices:
    return Devices(rig, rest, {})


async def credentials(rest: Rest, devices: Devices) -> None:
    for kind in ("apn", "gcm", "fcm"):
        secret = {} if kind == "apn" else {"Secret": "x"}
        devices.credentials[kind] = (await rest.create("/v2/Credentials", {"Type": kind, **secret}))["sid"]


async def test_a_binding_has_every_property_below_service_and_user(rest: Rest, devices: Devices) -> None:
    await credentials(rest, devices)
    sid = await devices.register(STRANGE, endpoint="phone 1", message_types=["twilio.channel.new_message"])
    user = (await rest.get("Users"))["users"][0]
    binding = await rest.get(f"Bindings/{sid}")
    base = f"{HOST}/v2/Services/{rest.service_sid}"
    common = {
        "sid": sid,
        "account_sid": rest.account.sid,
        "service_sid": rest.service_sid,
        "date_created": binding["date_created"],
        "date_updated": binding["date_created"],
        "endpoint": "phone 1",
        "identity": STRANGE,
        "credential_sid": devices.credentials["fcm"],
        "binding_type": "fcm",
        "message_types": ["new_message"],
    }
    encoded = "ann%20%C3%A9%2F%2B%40b"
    assert binding == {
        **common,
        "url": f"{base}/Bindings/{sid}",
        "links": {"user": f"{base}/Users/{encoded}"},
    }
    assert await rest.get(binding["links"]["user"]) == user
    own = {**common, "user_sid": user["sid"], "url": f"{base}/Users/{user['sid']}/Bindings/{sid}"}
    assert await rest.get(own["url"]) == await rest.get(f"{user['url']}/Bindings/{sid}") == own
    assert (await rest.get("Bindings"))["bindings"] == [binding]
    assert (await rest.get(f"Users/{encoded}/Bindings"))["bindings"] == [own]


async def test_message_types_of_conversations_are_shown_in_the_words_of_chat(rest: Rest, devices: Devices) -> None:
    await credentials(rest, devices)
    names = ["new_message", "added_to_conversation", "removed_from_conversation"]
    sid = await devices.register("ann", message_types=[f"twilio.conversations.{name}" for name in names])
    shown = (await rest.get(f"Bindings/{sid}"))["message_types"]
    assert shown == ["new_message", "added_to_channel", "removed_from_channel"]


async def test_lists_filter(rest: Rest, devices: Devices) -> None:
    await credentials(rest, devices)
    one, two, three = (
        await devices.register("ann"),
        await devices.register("ann", "apn"),
        await devices.register("bob", "gcm"),
    )
    for params, expected in (
        ({}, [one, two, three]),
        ({"BindingType": ["apn", "gcm"]}, [two, three]),
        ({"BindingType": ""}, [one, two, three]),
        ({"Identity": ["bob", "nobody"]}, [three]),
        ({"Identity": "ann", "BindingType": "apn"}, [two]),
    ):
        assert [binding["sid"] for binding in (await rest.get("Bindings", **params))["bindings"]] == expected
    page = await rest.get("Bindings", Identity="ann", BindingType=["fcm", "apn"], PageSize="1")
    assert "BindingType=fcm&BindingType=apn&PageSize=1" in page["meta"]["next_page_url"]
    assert [binding["sid"] for binding in await rest.follow(page, "bindings")] == [one, two]
    own = await rest.get("Users/ann/Bindings", BindingType="apn")
    assert [binding["sid"] for binding in own["bindings"]] == [two]
    for path in ("Bindings", "Users/ann/Bindings"):
        assert await rest.refused("GET", path, BindingType="web") == (400, 50209)
        assert (await rest.get(path, PageSize="100"))["meta"]["page_size"] == 50


async def test_rest_deletes_and_never_makes_them(rest: Rest, devices: Devices) -> None:
    await credentials(rest, devices)
    one, two = await devices.register("ann"), await devices.register("ann")
    await rest.create("Users", Identity="bob")
    for path in ("Bindings", "Users/ann/Bindings"):
        assert await rest.refused("POST", path) == (405, 20004)
    assert await rest.refused("DELETE", f"Users/bob/Bindings/{one}") == (404, 20404)
    await rest.delete(f"Users/ann/Bindings/{one}")
    await rest.delete(f"Bindings/{two}")
    for path in (f"Bindings/{one}", f"Users/ann/Bindings/{two}", "Bindings/x", "Users/nobody/Bindings/x"):
        assert await rest.refused("GET", path) == (404, 20404)
        assert await rest.refused("DELETE", path) == (404, 20404)


async def test_a_credential_takes_its_bindings_along(rest: Rest, devices: Devices) -> None:
    await credentials(rest, devices)
    await devices.register("ann")
    kept = await devices.register("ann", "apn")
    await rest.delete(f"/v2/Credentials/{devices.credentials['fcm']}")
    assert [binding["sid"] for binding in (await rest.get("Bindings"))["bindings"]] == [kept]


async def test_users_with_a_device_can_be_notified(rest: Rest, devices: Devices) -> None:
    await credentials(rest, devices)
    sid = await devices.register("ann")
    await rest.create("Users", Identity="bob")
    assert (await rest.get("Users/ann"))["is_notifiable"] is None
    await rest.update("", ReachabilityEnabled="true")
    assert (await rest.get("Users/ann"))["is_notifiable"] is True
    assert (await rest.get("Users/bob"))["is_notifiable"] is None
    assert {user["is_notifiable"] for user in (await rest.get("Users"))["users"]} == {None}
    await rest.delete(f"Bindings/{sid}")
    assert (await rest.update("Users/ann", FriendlyName="Ann"))["is_notifiable"] is False


async def test_others_see_nothing_of_them(rest: Rest, stranger: Rest, devices: Devices) -> None:
    await credentials(rest, devices)
    sid = await devices.register("ann")
    path = f"/v2/Services/{rest.service_sid}/Bindings/{sid}"
    assert await stranger.refused("GET", path) == (404, 20404)
    assert await stranger.refused("DELETE", f"Bindings/{sid}") == (404, 20404)
    assert await rest.get(path)
