"""Connections end on every node, and soon, when what they rest on goes away: with the broker and without it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest
import pytest_asyncio

from chatcore.auth.tokens import mint
from chatcore.domain.ids import AccountSid, KeySid, ServiceSid
from chatcore.embedded.postgres import DSN_FILE
from tests.support.native import NativeClient
from tests.support.patience import PATIENCE, within
from tests.support.twilsock import TwilsockClient

from .cli import chatcore
from .people import People, gather
from .tokens import ACCOUNT, KEY, SECRET, SERVICE, access_token

pytestmark = pytest.mark.xdist_group("failures")

SOON = 4.0
"""Seconds; a second is promised, and the machine may be busy."""


@dataclass(slots=True)
class Crowd:
    """Connections of one kind of grant: JSON, Protobuf and Twilsock at each of two nodes."""

    native: list[NativeClient]
    twilsock: list[TwilsockClient]

    async def ends(self, native_code: int) -> None:
        for client in self.native:
            assert (await client.ended())[0] == native_code
        for sdk in self.twilsock:
            told = await sdk.heard("close")
            assert told.header["status"]["code"] == 401
            await sdk.ended()

    async def stays(self) -> None:
        for client in self.native:
            await client.rpc("user.list", identities=["x"])
        for sdk in self.twilsock:
            assert (await sdk.request("GET", "/Client/v1/Services")).status


@dataclass(frozen=True, slots=True)
class Mortal:
    """An account, and a token of its service."""

    sid: str
    auth_token: str
    token: str


@dataclass(slots=True)
class Scene:
    people: People
    stack: contextlib.AsyncExitStack

    async def crowd(self, identity: str, *, service: str = SERVICE, key: str = KEY, secret: str = SECRET) -> Crowd:
        return await self.crowd_with(access_token(identity, service=service, key=key, secret=secret))

    async def crowd_with(self, token: str) -> Crowd:
        native, twilsock = [], []
        for number, node in enumerate(self.people.cluster.nodes):
            for protobuf in (False, True):
                client = await self.people.native(node=number, protobuf=protobuf)
                await client.connect(token)
                native.append(client)
            sdk = await TwilsockClient.open(node.url)
            self.stack.push_async_callback(sdk.close)
            assert (await sdk.init(token))["status"]["code"] == 200
            twilsock.append(sdk)
        return Crowd(native, twilsock)

    async def key(self, account: str = ACCOUNT) -> dict[str, str]:
        return await self._made("key", "create", "--account", account, "--name", "mortal")

    async def account(self) -> Mortal:
        account = await self._made("account", "create", "--name", "mortal")
        command = ("service", "create", "--account", account["sid"], "--name", "mortal")
        service = (await chatcore(self.people.cluster, *command)).strip()
        key = await self.key(account["sid"])
        token = mint(
            account_sid=AccountSid(account["sid"]),
            key_sid=KeySid(key["sid"]),
            secret=key["secret"],
            service_sid=ServiceSid(service),
            identity=self.people.name("alice"),
            now=datetime.now(UTC),
        )
        return Mortal(account["sid"], account["auth_token"], token)

    async def suspend(self, account: str) -> None:
        """As an operator does it: there is no command for it."""
        connection = await asyncpg.connect((self.people.cluster.data_dir / DSN_FILE).read_text())
        try:
            await connection.execute("UPDATE accounts SET suspended = true WHERE sid = $1", account)
        finally:
            await connection.close()

    async def _made(self, *argv: str) -> dict[str, str]:
        made: dict[str, str] = json.loads(await chatcore(self.people.cluster, *argv))
        return made

    async def service(self) -> str:
        created = await self.people.rest.post("/v2/Services", data={"FriendlyName": "mortal"})
        return str(created.json()["sid"])


@contextlib.contextmanager
def frozen(people: People) -> Iterator[None]:
    """Valkey holds its connections and answers nothing."""
    pid = people.cluster.pid_of("valkey")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@pytest_asyncio.fixture(loop_scope="session")
async def scene(people_in_trouble: People) -> AsyncIterator[Scene]:
    async with contextlib.AsyncExitStack() as stack:
        yield Scene(people_in_trouble, stack)
    for node in range(2):
        await people_in_trouble.cluster.until_ready(node)


@pytest.fixture(params=[True, False], ids=["broker", "no broker"])
def broker(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@contextlib.contextmanager
def weather(scene: Scene, broker: bool) -> Iterator[None]:
    with contextlib.nullcontext() if broker else frozen(scene.people):
        yield


async def test_a_revoked_key_ends_what_its_tokens_opened(scene: Scene, broker: bool) -> None:
    key = await scene.key()
    identity = scene.people.name("alice")
    lost, kept = await scene.crowd(identity, key=key["sid"], secret=key["secret"]), await scene.crowd(identity)
    with weather(scene, broker):
        async with within(SOON):
            await chatcore(scene.people.cluster, "key", "revoke", key["sid"])
            await lost.ends(3500)
        await kept.stays()


async def test_a_deleted_user_is_cut_off(scene: Scene, broker: bool) -> None:
    alice, bob = scene.people.name("alice"), scene.people.name("bob")
    lost, kept = await gather(scene.crowd(alice), scene.crowd(bob))
    with weather(scene, broker):
        async with within(SOON):
            await scene.people.delete(f"/Users/{alice}")
            await lost.ends(3503)
        await kept.stays()


async def test_a_deleted_service_ends_everything_in_it(scene: Scene, broker: bool) -> None:
    service = await scene.service()
    identity = scene.people.name("alice")
    lost, kept = await scene.crowd(identity, service=service), await scene.crowd(identity)
    with weather(scene, broker):
        async with within(SOON):
            await scene.people.delete("", service)
            await lost.ends(3503)
        await kept.stays()


async def test_a_suspended_account_is_cut_off(scene: Scene, broker: bool) -> None:
    account = await scene.account()
    lost, kept = await scene.crowd_with(account.token), await scene.crowd(scene.people.name("bob"))
    with weather(scene, broker):
        async with within(SOON):
            await scene.suspend(account.sid)
            await lost.ends(3500)
        await kept.stays()
    for number, node in enumerate(scene.people.cluster.nodes):
        auth = (account.sid, account.auth_token)
        async with httpx.AsyncClient(base_url=node.url, auth=auth, trust_env=False, timeout=PATIENCE) as http:
            response = await http.get("/v2/Services")
        assert (response.status_code, response.json()["code"]) == (403, 20403)
        client = await scene.people.native(node=number)
        client.post("connect", token=account.token)
        assert (await client.ended())[0] == 3500


async def test_a_connection_that_renewed_its_token_outlives_the_old_key(scene: Scene) -> None:
    key = await scene.key()
    identity = scene.people.name("alice")
    renewed, idle = [await scene.crowd(identity, key=key["sid"], secret=key["secret"]) for _ in range(2)]
    for client in renewed.native:
        await client.command("refresh", token=access_token(identity))
    for sdk in renewed.twilsock:
        assert (await sdk.call("update", token=access_token(identity))).header["status"]["code"] == 200
    async with within(SOON):
        await chatcore(scene.people.cluster, "key", "revoke", key["sid"])
        await idle.ends(3500)
    await renewed.stays()


async def test_an_erased_person_is_seen_to_go(scene: Scene) -> None:
    people = scene.people
    alice, bob = await people.connect("python-json", "alice", node=0), await people.connect("python-json", node=1)
    sid = await alice.make_channel(friendly_name="Home")
    await bob.enter(sid)
    await alice.say(sid, "hers")
    await bob.feed.event(f"chat:{sid}", "message.added")
    crowd = await scene.crowd(alice.identity)
    command = ("user", "erase", "--service", SERVICE, "--identity", alice.identity)
    looked = await chatcore(people.cluster, *command)
    assert "messages: 1, to be anonymised" in looked
    assert "Nothing was changed" in looked
    await crowd.stays()
    async with within(SOON):
        done = await chatcore(people.cluster, *command, "--yes")
        assert "messages: 1, anonymised" in done
        pseudonym = done.partition("pseudonym: ")[2].splitlines()[0]
        assert pseudonym in looked
        await crowd.ends(3503)
    left = await bob.feed.event(f"chat:{sid}", "member.left")
    assert (left["reason"], left["member"]["identity"]) == ("user_deleted", alice.identity)
    updated = await bob.feed.event(f"chat:{sid}", "message.updated")
    assert (updated["message"]["author"], updated["message"]["body"]) == (pseudonym, "hers")
    assert (await bob.say(sid, "and on"))["index"] == 1
    await bob.feed.event(f"chat:{sid}", "message.added")
