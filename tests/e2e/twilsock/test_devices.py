"""Devices that the SDKs register for pushes."""

from __future__ import annotations

import json
import secrets
from typing import Any

from tests.e2e.people import eventually
from tests.e2e.tokens import SERVICE, access_token

from .guests import Guests


async def bindings(guests: Guests, identity: str) -> list[dict[str, Any]]:
    answer = await guests.rest.get(f"/v2/Services/{SERVICE}/Bindings", params={"Identity": identity})
    found: list[dict[str, Any]] = answer.json()["bindings"]
    return found


async def test_a_device_is_registered_and_forgotten(guests: Guests, version: str) -> None:
    made = await guests.rest.post("/v2/Credentials", data={"Type": "fcm", "Secret": "AAAA-legacy-server-key"})
    credential = made.json()["sid"]
    identity = guests.name()
    token = access_token(identity, push_credential=credential, endpoint="phone")
    guest = await guests.begin(version, identity, token=token)
    await guest.sdk.ready()
    address = secrets.token_hex(20)
    await guest.ask("register_push", type="fcm", token=address)

    async def registered() -> bool:
        return bool(await bindings(guests, identity))

    await eventually(registered)
    (binding,) = await bindings(guests, identity)
    assert (binding["binding_type"], binding["endpoint"], binding["credential_sid"]) == ("fcm", "phone", credential)
    assert "new_message" in binding["message_types"]
    assert address not in json.dumps(binding)
    await guest.ask("unregister_push", type="fcm")

    async def forgotten() -> bool:
        return not await bindings(guests, identity)

    await eventually(forgotten)
