"""Who may see which file, and when it is gone."""

from __future__ import annotations

from typing import Any

import pytest

from chatcore.domain.ids import new_sid

from .conftest import ClientOf
from .rig import HOST, PNG, Caller, link_of, refusal

UNKNOWN = [f"ME{'0' * 32}", "nonsense", "ME", "CH" + "0" * 32]


async def test_a_server_sees_everything_of_its_account(server: Caller, stranger: Caller, client_of: ClientOf) -> None:
    alice = await client_of("alice")
    for record in (await server.upload(), await alice.upload()):
        assert (await server.get(record["sid"]))["sid"] == record["sid"]
        assert await stranger.refused("GET", f"/{record['sid']}") == (404, 20404)
        response = await stranger.http.get(f"{server.media}/{record['sid']}")
        assert refusal(response) == (404, 20404)


@pytest.mark.parametrize("sid", UNKNOWN)
async def test_what_is_not_there(server: Caller, client_of: ClientOf, sid: str) -> None:
    for caller in (server, await client_of("alice")):
        for path in (f"/{sid}", f"/{sid}/Content"):
            assert await caller.refused("GET", path) == (404, 20404)
    assert await server.refused("DELETE", f"/{sid}") == (404, 20404)


async def test_before_it_is_sent_only_its_author_sees_a_file(client_of: ClientOf) -> None:
    alice, bob = await client_of("alice"), await client_of("bob")
    record = await alice.upload()
    assert (await alice.get(record["sid"]))["author"] == "alice"
    for path in ("", "/Content"):
        assert await bob.refused("GET", f"/{record['sid']}{path}") == (404, 20404)


@pytest.mark.parametrize("private", [False, True])
async def test_once_it_is_sent_members_see_it(server: Caller, client_of: ClientOf, private: bool) -> None:
    alice, bob, carol = [await client_of(name) for name in ("alice", "bob", "carol")]
    channel = await server.channel("bob", private=private)
    record = await alice.upload()
    message = await server.send(channel, record["sid"])
    seen = await bob.get(record["sid"])
    assert (seen["channel_sid"], seen["message_sid"]) == (channel, message["sid"])
    assert (await bob.http.get(seen["links"]["content"])).content == PNG
    assert (await bob.http.get(link_of(seen), headers={"X-Twilio-Token": "ignored"})).content == PNG
    assert await carol.refused("GET", f"/{record['sid']}") == (404, 20404)
    assert (await alice.get(record["sid"]))["message_sid"] == message["sid"]
    await server.http.delete(f"/chat/v2/Services/{server.account.service_sid}/Channels/{channel}/Members/bob")
    assert await bob.refused("GET", f"/{record['sid']}") == (404, 20404)


async def test_a_server_deletes_a_file(server: Caller, client_of: ClientOf) -> None:
    alice = await client_of("alice")
    record = await alice.upload()
    assert await alice.refused("DELETE", f"/{record['sid']}") == (403, 20403)
    response = await server.http.delete(f"{server.media}/{record['sid']}")
    assert (response.status_code, response.content) == (204, b"")
    for caller in (server, alice):
        assert await caller.refused("GET", f"/{record['sid']}") == (404, 20404)
    assert refusal(await server.http.get(link_of(record))) == (404, 20404)
    assert await server.refused("DELETE", f"/{record['sid']}") == (404, 20404)


def entries(*sids: str) -> dict[str, Any]:  # Any: JSON
    return {"command": "get", "list": [{"media_sid": sid} for sid in sids]}


async def test_several_records_in_the_order_asked_for(server: Caller, client_of: ClientOf) -> None:
    alice, bob = await client_of("alice"), await client_of("bob")
    first, second = await alice.upload(b"1"), await alice.upload(b"2")
    missing = new_sid("ME")
    asked = [second["sid"], missing, first["sid"], "nonsense", second["sid"]]
    for caller in (alice, server):
        response = await caller.http.post(f"{caller.media}Set", json=entries(*asked))
        assert response.status_code == 200
        found = response.json()
        assert [entry["code"] for entry in found] == [200, 404, 200, 404, 200]
        assert found[0]["media_record"]["sid"] == second["sid"]
        assert found[0]["media_record"]["links"]["content_direct_temporary"].startswith(f"{HOST}/media-content/ME")
        assert found[1] == {"code": 404, "media_sid": missing}
    response = await bob.http.post(f"{bob.media}Set", json=entries(first["sid"]))
    assert response.json() == [{"code": 404, "media_sid": first["sid"]}]
    assert (await bob.http.post(f"{bob.media}Set", json=entries())).json() == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"nonsense",
        b'{"command": "delete", "list": []}',
        b'{"command": "get"}',
        b'{"command": "get", "list": [{}]}',
        b'{"command": "get", "list": [{"media_sid": 5}]}',
        b'{"command": "get", "list": ["ME"]}',
        b'{"command": "get", "list": [{"media_sid": "\xff"}]}',
        b'{"command": "get", "list": [' + b",".join([b'{"media_sid": "ME"}'] * 101) + b"]}",
        b"[" * 100_000,
    ],
)
async def test_what_is_no_set_is_refused(server: Caller, body: bytes) -> None:
    assert refusal(await server.http.post(f"{server.media}Set", content=body)) == (400, 20001)


async def test_text_that_is_no_sid_is_just_not_found(server: Caller) -> None:
    response = await server.http.post(
        f"{server.media}Set", content=b'{"command":"get","list":[{"media_sid":"a\\u0000b"}]}'
    )
    assert response.json() == [{"code": 404, "media_sid": "a\0b"}]


async def test_links_lead_back_the_way_the_request_came(server: Caller) -> None:
    auth = (server.account.sid, server.account.auth_token)
    sid = (await server.upload())["sid"]
    path = f"/v1/Services/{server.account.service_sid}/Media/{sid}"
    for base, mount in (("https://mcs.example.org", ""), ("http://server.test:8080", "/mcs"), ("http://10.0.0.1", "")):
        async with server.rig.http(base_url=base, auth=auth) as http:
            record = (await http.get(f"{mount}{path}")).json()
        assert record["url"] == f"{base}{mount}{path}"
        assert record["links"]["content"] == f"{base}{mount}{path}/Content"
        assert link_of(record).startswith(f"{base}/media-content/{sid}?")
