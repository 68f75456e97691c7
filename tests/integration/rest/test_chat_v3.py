"""A public channel becomes private, and so a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from .rig import HOST, Rest

MESSAGING_SERVICE = "MG" + "a" * 32


async def channel(rest: Rest, **values: str) -> tuple[Any, str]:  # Any: JSON
    """A channel and its URL in version 3."""
    made = await rest.create("Channels", {"UniqueName": "room", **values})
    return made, f"{HOST}/v3/Services/{rest.service_sid}/Channels/{made['sid']}"


async def test_migrating_makes_a_conversation(rest: Rest) -> None:
    made, url = await channel(rest)
    conversation = f"http://x.test/conversations/v1/Services/{rest.service_sid}/Conversations/{made['sid']}"
    assert await rest.refused("GET", conversation) == (404, 20404)
    migrated = await rest.update(url, Type="private", MessagingServiceSid=MESSAGING_SERVICE)
    assert migrated == {name: value for name, value in made.items() if name != "links"} | {
        "type": "private",
        "messaging_service_sid": MESSAGING_SERVICE,
        "date_updated": migrated["date_updated"],
        "url": url,
    }
    assert (await rest.get(conversation))["messaging_service_sid"] == MESSAGING_SERVICE
    assert (await rest.get("Channels/room"))["type"] == "private"


async def test_a_private_channel_is_left_as_it_is(rest: Rest) -> None:
    made, url = await channel(rest, Type="private")
    for values in ({"Type": "private"}, {}):
        answer = await rest.update(url, values)
        assert (answer["date_updated"], answer["messaging_service_sid"]) == (made["date_updated"], None)
    by_name = await rest.update(f"{HOST}/v3/Services/{rest.service_sid}/Channels/room", Type="private")
    assert by_name["url"] == url


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"Type": "public"}, 50393),
        ({"Type": ""}, 50393),
        ({"Type": "Private"}, 50393),
        ({"Type": "private", "MessagingServiceSid": "MG1"}, 50341),
    ],
)
async def test_anything_else_is_refused(rest: Rest, values: dict[str, str], code: int) -> None:
    _, url = await channel(rest)
    assert await rest.refused("POST", url, values) == (400, code)
    assert (await rest.get("Channels/room"))["type"] == "public"


async def test_version_3_has_nothing_else(rest: Rest) -> None:
    _, url = await channel(rest)
    for method in ("GET", "DELETE"):
        assert await rest.refused(method, url) == (405, 20004)
    for path in ("", "/Channels", f"/Channels/{url.rpartition('/')[2]}/Members"):
        assert await rest.refused("GET", f"{HOST}/v3/Services/{rest.service_sid}{path}") == (404, 20404)
