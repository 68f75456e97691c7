"""IP Messaging is Chat under another name: same objects, same answers, URLs of its own."""

from __future__ import annotations

import json

import pytest

from .rig import HOST, Rest

BASES = ["http://ip-messaging.twilio.com", "http://ip-messaging.x.test:8443", "http://x.test/ip-messaging"]


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_only_urls_differ(rest: Rest, base: str, version: str) -> None:
    service = f"/{version}/Services/{rest.service_sid}"
    made = await rest.create(f"{base}{service}/Channels", UniqueName="room")
    await rest.create(f"{base}{service}/Channels/room/Members", Identity="ann")
    await rest.create(f"{base}{service}/Channels/room/Messages", Body="x")
    assert made["url"] == f"{base}{service}/Channels/{made['sid']}"
    for path in ("", "/Channels", "/Channels/room", "/Channels/room/Members", "/Channels/room/Messages", "/Users/ann"):
        theirs, ours = await rest.get(f"{base}{service}{path}"), await rest.get(f"{HOST}{service}{path}")
        assert json.loads(json.dumps(theirs).replace(base, HOST)) == ours
    assert await rest.refused("GET", f"{base}{service}/Channels/nothing") == (404, 20404)


async def test_messages_about_absent_objects_have_no_version(rest: Rest) -> None:
    response = await rest.http.get(f"{BASES[0]}/v2/Services/IS1/Channels")
    assert response.json()["message"] == "The requested resource /Services/IS1/Channels was not found"
