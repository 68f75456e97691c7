"""Getting in, staying in, and being refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest

from tests.support.native import Gone
from tests.support.patience import until

from .cli import chatcore
from .people import People, eventually
from .tokens import ACCOUNT, KEY, SECRET, SERVICE, access_token, native_token


async def test_tells_who_and_where_one_is(people: People, kind: str) -> None:
    alice = await people.open(kind, people.name("alice"))
    connected = await alice.feed.take("connected")
    assert connected.data["user"]["identity"] == alice.identity
    assert connected.data["joined"] == 0
    assert connected.data["truncated"] is False
    assert connected.data["service"]["channel_members"] == 100
    own = await alice.feed.take("subscribed", "me")
    assert own.epoch
    live = await alice.feed.take("subscribed", "live")
    assert (live.offset, live.epoch) == (0, "")


async def test_takes_plain_tokens(people: People, kind: str) -> None:
    identity = people.name("alice")
    alice = await people.connect(kind, identity=identity, token=lambda: native_token(identity, info={"device": "a"}))
    connections = await alice.sdk.presence("me")
    assert [(p.user, p.info) for p in connections.values()] == [(identity, {"device": "a"})]


async def test_fetches_a_new_token_when_the_first_has_expired(people: People, kind: str) -> None:
    identity = people.name("alice")
    tokens = iter([access_token(identity, ttl=-60), access_token(identity)])
    alice = await people.connect(kind, identity=identity, token=lambda: next(tokens))
    assert next(tokens, None) is None
    assert alice.feed.count("disconnected") == 0


async def test_renews_its_token_without_a_break(people: People, kind: str) -> None:
    identity = people.name("alice")
    asked: list[float] = []

    def token() -> str:
        asked.append(time.monotonic())
        return access_token(identity, ttl=2 if len(asked) == 1 else 3600)

    alice = await people.connect(kind, identity=identity, token=token)
    await until(lambda: len(asked) == 2)
    assert await alice.sdk.presence_stats("me") == (1, 1)
    assert alice.feed.count("connected") == 1
    assert alice.feed.count("disconnected") == 0


@pytest.mark.parametrize("protobuf", [False, True])
async def test_renewal_repeats_who_one_is(people: People, protobuf: bool) -> None:
    client = await people.native(protobuf=protobuf)
    connected = await client.connect(access_token("alice", ttl=5))
    renewed = await client.command("refresh", token=access_token("alice", ttl=600))
    assert (renewed["client"], renewed["version"]) == (connected["client"], connected["version"])
    assert renewed["expires"] is True
    assert 590 < renewed["ttl"] <= 600


async def test_expired_token_does_not_renew(people: People) -> None:
    client = await people.native("alice")
    client.post("refresh", token=access_token("alice", ttl=-60))
    assert await client.ended() == (3005, "connection expired")


async def test_renewal_for_somebody_else_ends_the_connection(people: People, kind: str) -> None:
    identity, other = people.name("alice"), people.name("mallory")
    tokens = iter([access_token(identity, ttl=1), access_token(other)])
    alice = await people.connect(kind, identity=identity, token=lambda: next(tokens))
    assert (await alice.feed.take("disconnected")).code == 3500


async def test_connection_ends_when_nobody_renews(people: People) -> None:
    client = await people.native()
    result = await client.connect(native_token("quiet", expire_at=int(time.time()) - 23))
    assert result["expires"] is True
    assert result["ttl"] == 1
    assert await client.ended() == (3005, "connection expired")


async def test_connection_may_last_for_ever(people: People) -> None:
    client = await people.native()
    result = await client.connect(native_token("patient", expire_at=0))
    assert "expires" not in result
    assert "ttl" not in result


def signed(payload: dict[str, Any], *, secret: str = SECRET, algorithm: str = "HS256", **header: Any) -> str:
    return jwt.encode(payload, secret, algorithm, headers={"cty": "twilio-fpa;v=1", **header})


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    grants = {"identity": "mallory", "chat": {"service_sid": SERVICE}}
    return {"iss": KEY, "sub": ACCOUNT, "nbf": now, "exp": now + 600, "grants": grants} | changed


REFUSED: dict[str, Callable[[], str]] = {
    "none": lambda: "",
    "no JWT": lambda: "not.a.token",
    "other key": lambda: signed(claims(iss="SK" + "9" * 32)),
    "other secret": lambda: signed(claims(), secret="x" * 32),
    "other account": lambda: signed(claims(sub="AC" + "9" * 32)),
    "other service": lambda: signed(claims(grants={"identity": "m", "chat": {"service_sid": "IS" + "9" * 32}})),
    "no identity": lambda: signed(claims(grants={"chat": {"service_sid": SERVICE}})),
    "no chat grant": lambda: signed(claims(grants={"identity": "mallory"})),
    "not yet": lambda: signed(claims(nbf=int(time.time()) + 300)),
    "unsigned": lambda: jwt.encode(claims(), "", "none", headers={"cty": "twilio-fpa;v=1"}),
    "b64info": lambda: native_token("mallory", b64info="e30="),
}


@pytest.mark.parametrize("finding", REFUSED)
async def test_refuses_bad_tokens_for_good(people: People, finding: str) -> None:
    client = await people.native()
    client.post("connect", token=REFUSED[finding]())
    assert await client.ended() == (3500, "invalid token")


async def test_refusal_is_final_for_the_libraries(people: People, kind: str) -> None:
    mallory = await people.open(kind, "mallory", token=lambda: signed(claims(), secret="x" * 32))
    assert (await mallory.feed.take("disconnected")).code == 3500


async def test_expired_token_is_answered_and_nothing_may_follow(people: People) -> None:
    client = await people.native()
    first = client.post("connect", token=access_token("late", ttl=-60))
    with pytest.raises(Exception, match="109"):
        await first
    client.post("connect", token=access_token("late"))
    assert (await client.ended())[0] == 3501


async def test_tokens_of_a_revoked_key_are_refused_at_both_nodes(people: People) -> None:
    key = json.loads(await chatcore(people.cluster, "key", "create", "--account", ACCOUNT))
    token = access_token(people.name(), key=key["sid"], secret=key["secret"])
    for node in (0, 1):
        await (await people.native(node=node)).connect(token)
    await chatcore(people.cluster, "key", "revoke", key["sid"])
    for node in (0, 1):

        async def refused(node: int = node) -> bool:
            client = await people.native(node=node)
            try:
                await client.connect(token)
            except Gone:
                return await client.ended() == (3500, "invalid token")
            await client.close()
            return False

        await eventually(refused)


async def test_newest_connection_beyond_twenty_is_refused(people: People) -> None:
    identity = people.name("alice")
    for number in range(20):
        await people.native(identity, node=number % 2)
    client = await people.native()
    client.post("connect", token=access_token(identity))
    assert await client.ended() == (3504, "connection limit")


async def test_deleted_user_is_thrown_out_everywhere(people: People, kind: str) -> None:
    alice, bob, sid = await people.pair(kind)
    await people.delete(f"/Users/{bob.identity}")
    assert (await bob.feed.take("disconnected")).code == 3503
    left = await alice.feed.event(f"chat:{sid}", "member.left")
    assert left["reason"] == "user_deleted"
    assert left["member"]["identity"] == bob.identity


async def test_service_separates(people: People, kind: str) -> None:
    created = await people.rest.post("/v2/Services", data={"FriendlyName": "other"})
    other = created.json()["sid"]
    alice = await people.connect(kind, "alice")
    sid = await alice.make_channel()
    stranger = await people.connect(kind, identity=alice.identity, service=other)
    assert await stranger.refused("channel.get", channel=sid) == 1300
    assert await stranger.refused("message.list", channel=sid) == 1300
