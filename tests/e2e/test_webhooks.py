"""Webhooks of the running product: asked before, told after, whoever is killed in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from chatcore.embedded.postgres import DSN_FILE
from tests.support.cluster import Cluster
from tests.support.receiver import Hang, Heard, Raw, Reaction, Receiver, Say, receiver

from .people import People, Person
from .tokens import ACCOUNT, AUTH_TOKEN

pytestmark = pytest.mark.xdist_group("failures")


@pytest_asyncio.fixture(loop_scope="session")
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


async def service(people: People, **settings: Any) -> str:
    """A service of its own with these parameters; its SID."""
    made = await people.rest.post("/v2/Services", data={"FriendlyName": people.name("service")})
    assert made.status_code == 201, made.text
    sid = made.json()["sid"]
    changed = await people.rest.post(f"/v2/Services/{sid}", data=settings)
    assert changed.status_code == 200, changed.text
    return str(sid)


async def moderated(people: People, hook: Receiver, *filters: str, **more: Any) -> tuple[Person, str, str]:
    """Alice in a channel of a service that asks and tells the hook; with the SIDs of channel and service."""
    settings = {"PreWebhookUrl": hook.url("/pre?a=b"), "PostWebhookUrl": hook.url("/post"), "WebhookFilters": filters}
    sid = await service(people, **settings, **more)
    alice = await people.connect("python-json", "alice", service=sid)
    return alice, await alice.make_channel(friendly_name="General"), sid


def moderate(heard: Heard) -> Reaction:
    """Refuses what is rude, cleans what is dirty, and is slow where the message says so."""
    if heard.parameters["EventType"] != "onMessageSend":
        return Say()
    reactions: dict[str, Reaction] = {
        "rude": Say(403),
        "dirty": Say(200, b'{"body": "clean", "attributes": {"moderated": true}}'),
        "broken": Say(500),
        "gone": Raw(),
        "slow": Hang(),
    }
    return reactions.get(heard.parameters["Body"], Say())


async def test_a_webhook_refuses_changes_and_lets_pass(people_in_trouble: People, hook: Receiver) -> None:
    alice, channel, sid = await moderated(people_in_trouble, hook, "onMessageSend", "onMessageSent")
    hook.react = moderate
    assert await alice.refused("message.send", channel=channel, body="rude") == 1056
    assert await alice.refused("message.send", channel=channel, body="broken") == 1056
    assert (await alice.say(channel, "nice"))["body"] == "nice"
    cleaned = await alice.say(channel, "dirty")
    assert (cleaned["body"], cleaned["attributes"]) == ("clean", {"moderated": True})
    assert (await alice.say(channel, "gone"))["body"] == "gone"
    assert (await alice.feed.event(f"chat:{channel}", "message.added"))["message"]["body"] == "nice"
    assert (await alice.feed.event(f"chat:{channel}", "message.added"))["message"]["body"] == "clean"

    def told() -> list[str]:
        return [h.parameters["Body"] for h in hook.heard if h.parameters["EventType"] == "onMessageSent"]

    await hook.until(lambda: len(told()) == 3)
    assert told() == ["nice", "clean", "gone"]
    assert all(h.is_signed_by(AUTH_TOKEN) for h in hook.heard)
    asked = hook.heard[0]
    assert asked.url == hook.url("/pre?a=b")
    assert asked.parameters == {
        "EventType": "onMessageSend",
        "AccountSid": ACCOUNT,
        "InstanceSid": sid,
        "Source": "SDK",
        "ClientIdentity": alice.identity,
        "RetryCount": "0",
        "ChannelSid": channel,
        "Body": "rude",
        "Attributes": "{}",
        "From": alice.identity,
    }


async def test_a_webhook_that_is_silent_does_not_silence_the_client(people_in_trouble: People, hook: Receiver) -> None:
    alice, channel, sid = await moderated(people_in_trouble, hook, "onMessageSend")
    hook.react = moderate
    slow = asyncio.create_task(alice.say(channel, "slow"))
    await hook.request()
    bob = await people_in_trouble.connect("python-json", "bob", service=sid, node=1)
    await bob.call("channel.join", channel=channel)
    assert (await bob.say(channel, "meanwhile"))["body"] == "meanwhile"
    assert (await slow)["body"] == "slow"


async def test_servers_are_told_of_when_they_ask_and_never_asked(people_in_trouble: People, hook: Receiver) -> None:
    people = people_in_trouble
    filters = ["onChannelAdd", "onChannelAdded"]
    sid = await service(people, PreWebhookUrl=hook.url(), PostWebhookUrl=hook.url(), WebhookFilters=filters)
    for name, headers in (("silent", {}), ("loud", {"X-Twilio-Webhook-Enabled": "true"})):
        path = f"/v2/Services/{sid}/Channels"
        assert (await people.rest.post(path, data={"UniqueName": name}, headers=headers)).status_code == 201
    heard = await hook.request()
    assert (heard.parameters["EventType"], heard.parameters["UniqueName"]) == ("onChannelAdded", "loud")
    assert (heard.parameters["Source"], "ClientIdentity" in heard.parameters) == ("API", False)
    assert len(hook.heard) == 1


async def test_coming_and_going_is_told(people_in_trouble: People, hook: Receiver) -> None:
    people = people_in_trouble
    filters = ["onUserUpdated"]
    sid = await service(people, PostWebhookUrl=hook.url(), WebhookFilters=filters, ReachabilityEnabled="true")
    alice = await people.connect("python-json", "alice", service=sid)
    online = await hook.request()
    await alice.sdk.disconnect()
    offline = await hook.request(1)
    assert [h.parameters["IsOnline"] for h in (online, offline)] == ["true", "false"]
    assert {h.parameters["Identity"] for h in (online, offline)} == {alice.identity}


async def test_a_killed_worker_loses_nothing_and_keeps_the_order(people_in_trouble: People, hook: Receiver) -> None:
    people = people_in_trouble
    alice, channel, _ = await moderated(people, hook, "onMessageSent")
    bodies = [str(number) for number in range(60)]
    for body in bodies[:20]:
        await alice.say(channel, body)
    await hook.until(lambda: len(hook.heard) >= 5)
    hook.react = lambda _: Hang()
    count = len(hook.heard)
    await alice.say(channel, bodies[20])
    await hook.until(lambda: len(hook.heard) > count)
    pid = people.cluster.pid_of("push")
    await people.cluster.kill("push")
    hook.react = lambda _: Say()
    for body in bodies[21:40]:
        await alice.say(channel, body)
    await people.cluster.back("push", pid)
    await _let_leases_end(people.cluster)
    for body in bodies[40:]:
        await alice.say(channel, body)
    await hook.until(lambda: hook.heard[-1].parameters["Body"] == bodies[-1], 60)
    told = [heard.parameters["Body"] for heard in hook.heard]
    assert list(dict.fromkeys(told)) == bodies
    assert len(told) <= len(bodies) + 1, "only what was under way may come twice"


async def _let_leases_end(cluster: Cluster) -> None:
    """As if a minute had passed."""
    connection = await asyncpg.connect((cluster.data_dir / DSN_FILE).read_text().strip())
    try:
        await connection.execute("UPDATE outbox SET due_at = now() WHERE kind = 'webhook'")
    finally:
        await connection.close()
