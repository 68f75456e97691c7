"""Notifications of the running product, at the doors of Apple and Google."""

from __future__ import annotations

import json
import secrets
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from chatcore.embedded.postgres import DSN_FILE
from tests.e2e.people import People, eventually
from tests.e2e.sdk_js import JsProcess
from tests.e2e.tokens import SERVICE, access_token
from tests.support.apns_peer import ApnsPeer
from tests.support.cluster import Cluster, cluster
from tests.support.fcm_peer import FcmPeer, OAuth
from tests.support.http2_peer import serving
from tests.support.push_keys import KEY_ID, TEAM_ID, authority, public, service_account, token_key
from tests.support.receiver import receiver

from .guests import Guests, SdkProcesses
from .sdk import CHAT, CONVERSATIONS

pytestmark = pytest.mark.xdist_group("push")
SETTLED = 60.0
"""Seconds: a broker that has just started is not believed that everybody is away."""


class Doors:
    """Apple's and Google's, and the credentials that open them."""

    def __init__(self, cluster: Cluster, apns: ApnsPeer, fcm: FcmPeer) -> None:
        self.cluster, self.apns, self.fcm = cluster, apns, fcm
        self.apn_credential = self.fcm_credential = ""

    def to_apple(self, address: str) -> list[dict[str, Any]]:
        """Without those that only correct the number."""
        pushes = [json.loads(heard.body) for heard in self.apns.pushes(address)]
        return [push for push in pushes if "alert" in push["aps"]]

    def to_google(self, address: str) -> list[dict[str, Any]]:
        return [message["data"] for message in self.fcm.messages if message["token"] == address]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def doors(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Doors]:
    trusted = authority(tmp_path_factory.mktemp("tls"))
    apple = token_key()
    async with AsyncExitStack() as stack:
        oauth_server = await stack.enter_async_context(receiver())
        google = service_account(oauth_server.url("/token"))
        oauth = OAuth(google.secret or "")
        oauth_server.react = oauth.react
        apns = await stack.enter_async_context(serving(ApnsPeer(), trusted.tls()))
        apns.keys[(TEAM_ID, KEY_ID)] = public(apple.private_key or "")
        fcm = await stack.enter_async_context(serving(FcmPeer(oauth), trusted.tls()))
        settings = {
            "CHAT_APNS_URL": apns.url,
            "CHAT_APNS_CA_FILE": str(trusted.ca),
            "CHAT_FCM_URL": fcm.url,
            "CHAT_FCM_CA_FILE": str(trusted.ca),
            "CHAT_FCM_TOKEN_URL": oauth_server.url("/token"),
            "CHAT_PUSH_RECHECK": "1",
        }
        started = await stack.enter_async_context(cluster(2, settings))
        made = Doors(started, apns, fcm)
        async with People(started, None, stack).rest as rest:  # type: ignore[arg-type]  # no JavaScript is needed
            answer = await rest.post(
                "/v2/Credentials",
                data={
                    "Type": "apn",
                    "PrivateKey": apple.private_key,
                    "KeyId": apple.key_id,
                    "TeamId": apple.team_id,
                    "Topic": apple.topic,
                },
            )
            assert answer.status_code == 201, answer.text
            made.apn_credential = answer.json()["sid"]
            answer = await rest.post("/v2/Credentials", data={"Type": "fcm", "Secret": google.secret})
            assert answer.status_code == 201, answer.text
            made.fcm_credential = answer.json()["sid"]
        yield made
        assert "Traceback" not in started.output(), started.output()
        assert (apns.faults, fcm.faults) == ([], [])


@pytest_asyncio.fixture(loop_scope="session")
async def people(doors: Doors, node_process: JsProcess) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        yield People(doors.cluster, node_process, stack)


@pytest_asyncio.fixture(loop_scope="session")
async def guests(doors: Doors, sdk_processes: SdkProcesses) -> AsyncIterator[Guests]:
    async with AsyncExitStack() as stack:
        yield Guests(doors.cluster, sdk_processes, stack)


async def notify(guests: Guests, **more: str) -> None:
    settings = {"Notifications.NewMessage.Enabled": "true", "Notifications.NewMessage.Template": "${USER}: ${MESSAGE}"}
    settings |= {"ReachabilityEnabled": "true", **more}
    answer = await guests.rest.post(f"/v2/Services/{SERVICE}", data=settings)
    assert answer.status_code == 200, answer.text
    own = {"NewMessage.Enabled": "true", "NewMessage.Template": "${PARTICIPANT}: ${MESSAGE}"}
    path = f"/conversations/v1/Services/{SERVICE}/Configuration/Notifications"
    answer = await guests.rest.post(path, data=own)
    assert answer.status_code == 200, answer.text


async def registered(people: People, doors: Doors, identity: str, number: int = 0) -> str:
    """An iPhone of somebody who goes offline again; its address."""
    address = f"{identity}-{number}".encode().hex().ljust(80, "0")[:80]
    client = await people.native(identity)
    params = {"type": "apn", "token": address, "endpoint": f"phone {number}", "credential_sid": doors.apn_credential}
    await client.rpc("push.register", **params)
    await client.close()
    return address


async def test_one_message_is_one_notification_per_device_of_those_who_miss_it(
    people: People, guests: Guests, doors: Doors
) -> None:
    await notify(guests, **{"Notifications.NewMessage.BadgeCountEnabled": "true"})
    names = {first: people.name(first) for first in ("alice", "bob", "carol", "dan", "erin", "frank")}
    apple = {first: await registered(people, doors, names[first]) for first in names}
    channel = await guests.post("/Channels", FriendlyName="Friends")
    for identity in names.values():
        await guests.post(f"/Channels/{channel['sid']}/Members", Identity=identity)
    google = secrets.token_hex(20)
    token = access_token(names["bob"], push_credential=doors.fcm_credential, endpoint="android")
    bob = await guests.begin("chat-6.0", names["bob"], token=token)
    await bob.sdk.ready()
    await bob.ask("register_push", type="fcm", token=google)
    await has_devices(guests, names["bob"], 2)
    await bob.ask("shutdown")
    carol = await people.native(names["carol"])
    await carol.rpc("channel.notify", channel=channel["sid"], level="muted")
    await carol.close()
    frank = await people.native(names["frank"])
    await frank.rpc("channel.leave", channel=channel["sid"])
    await frank.close()
    await people.native(names["erin"], node=1)
    alice = await people.native(names["alice"])
    await alone(guests, names["bob"], names["dan"])
    sent = await alice.rpc("message.send", channel=channel["sid"], body="dinner?")
    await doors.apns.until(lambda: doors.to_apple(apple["bob"]) and doors.to_apple(apple["dan"]), SETTLED)
    await doors.fcm.until(lambda: doors.to_google(google), SETTLED)
    await nothing_waits(doors)
    (mine,) = doors.to_google(google)
    (dans,) = doors.to_apple(apple["dan"])
    assert len(doors.to_apple(apple["bob"])) == 1
    assert [doors.to_apple(apple[first]) for first in ("alice", "carol", "erin", "frank")] == [[]] * 4
    assert (dans["aps"]["badge"], dans["aps"]["alert"]) == (1, {"body": f"{names['alice']}: dinner?"})
    assert dans["message_sid"] == sent["message"]["sid"]
    reader = await guests.connect("chat-6.0", "reader")
    read = await reader.ask("parse_push", payload={"data": mine})
    assert read["body"] == f"{names['alice']}: dinner?"
    assert read["data"]["channelSid"] == channel["sid"]
    assert (read["data"]["messageSid"], read["data"]["messageIndex"]) == (sent["message"]["sid"], 0)
    assert read["type"] == "twilio.channel.new_message"
    read = await reader.ask("parse_push", payload=dans)
    assert (read["body"], read["badge"]) == (f"{names['alice']}: dinner?", 1)


@pytest.mark.parametrize("version", [*CHAT, *CONVERSATIONS])
async def test_the_parser_of_each_sdk_reads_what_it_registered_for(
    people: People, guests: Guests, doors: Doors, version: str
) -> None:
    await notify(guests)
    identity, address = guests.name("bob"), secrets.token_hex(20)
    token = access_token(identity, push_credential=doors.fcm_credential, endpoint="android")
    bob = await guests.begin(version, identity, token=token)
    await bob.sdk.ready()
    await bob.ask("register_push", type="fcm", token=address)
    await has_devices(guests, identity, 1)
    await bob.ask("shutdown")
    channel = await guests.post("/Channels", FriendlyName="Friends", Type="private")
    await guests.post(f"/Channels/{channel['sid']}/Members", Identity=identity)
    await alone(guests, identity)
    await guests.post(f"/Channels/{channel['sid']}/Messages", Body="hello", From="alice")
    await doors.fcm.until(lambda: doors.to_google(address), SETTLED)
    (data,) = doors.to_google(address)
    other = await guests.connect(version, "other")
    read = await other.ask("parse_push", payload={"data": data})
    assert read["body"] == "alice: hello"
    assert channel["sid"] in json.dumps(read)


async def test_a_worker_that_is_killed_leaves_nobody_without(people: People, guests: Guests, doors: Doors) -> None:
    await notify(guests)
    names = [people.name("member") for _ in range(10)]
    addresses = [await registered(people, doors, name) for name in names]
    channel = await guests.post("/Channels", FriendlyName="Crowd")
    for identity in names:
        await guests.post(f"/Channels/{channel['sid']}/Members", Identity=identity)
    await alone(guests, *names)
    messages = 15
    begun = len(doors.apns.heard)
    alice = await people.native(people.name("alice"))
    await alice.rpc("channel.join", channel=channel["sid"])
    for number in range(messages):
        await alice.rpc("message.send", channel=channel["sid"], body=str(number))
        if number == messages // 2:
            await doors.apns.until(lambda: len(doors.apns.heard) > begun, SETTLED)
            await doors.cluster.kill("push", signal.SIGKILL)
    await let_leases_end(doors)

    def told() -> Counter[tuple[str, str]]:
        pushes = [(address, push) for address in addresses for push in doors.to_apple(address)]
        return Counter((address, push["twi_message_id"]) for address, push in pushes)

    await doors.apns.until(lambda: len(told()) == messages * len(addresses), SETTLED)
    await nothing_waits(doors)
    assert len(told()) == messages * len(addresses)
    assert max(told().values()) <= 2
    assert sum(told().values()) - len(told()) <= 150


async def has_devices(guests: Guests, identity: str, count: int) -> None:
    async def found() -> bool:
        answer = await guests.rest.get(f"/v2/Services/{SERVICE}/Bindings", params={"Identity": identity})
        return len(answer.json()["bindings"]) == count

    await eventually(found)


async def alone(guests: Guests, *identities: str) -> None:
    """Returns when nobody takes them for online any more."""

    async def are_away() -> bool:
        answers = [await guests.rest.get(f"/v2/Services/{SERVICE}/Users/{identity}") for identity in identities]
        return not any(answer.json()["is_online"] for answer in answers)

    await eventually(are_away)


async def nothing_waits(doors: Doors) -> None:
    """Returns when nothing is left to push."""

    async def is_empty() -> bool:
        return not await _database(doors, "SELECT EXISTS (SELECT FROM outbox WHERE kind LIKE 'push%')")

    await eventually(is_empty)


async def let_leases_end(doors: Doors) -> None:
    """As if a minute had passed."""
    await _database(doors, "UPDATE outbox SET due_at = now() WHERE kind LIKE 'push%'")


async def _database(doors: Doors, statement: str) -> Any:  # Any: a value of some type
    connection = await asyncpg.connect((doors.cluster.data_dir / DSN_FILE).read_text().strip())
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
