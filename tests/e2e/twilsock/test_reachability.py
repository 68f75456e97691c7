"""Who is online, where the service asks for it."""

from __future__ import annotations

import pytest

from tests.e2e.tokens import access_token

from .guests import Guest, Guests
from .sdk import VERSIONS


async def service(guests: Guests) -> str:
    made = await guests.rest.post("/v2/Services", data={"FriendlyName": "reach"})
    sid = str(made.json()["sid"])
    changed = await guests.rest.post(f"/v2/Services/{sid}", data={"ReachabilityEnabled": "true"})
    assert changed.status_code == 200, changed.text
    return sid


@pytest.mark.parametrize("version", VERSIONS)
async def test_others_see_who_comes_and_goes(guests: Guests, version: str) -> None:
    sid = await service(guests)

    async def connect(identity: str, node: int) -> Guest:
        guest = await guests.begin(version, identity, token=access_token(identity, service=sid), node=node)
        await guest.sdk.ready()
        return guest

    alice = await connect("alice", 0)
    bob = await connect("bob", 1)
    assert (await alice.ask("user", identity="bob"))["online"] is True
    await bob.ask("shutdown")
    await alice.sdk.take("user_updated", identity="bob", online=False)
    await connect("bob", 1)
    await alice.sdk.take("user_updated", identity="bob", online=True)
