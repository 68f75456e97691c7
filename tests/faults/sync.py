"""Readers and writers that come as the Twilio SDKs do: lists of messages as Sync objects inside Twilsock."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import websockets

from tests.support.twilsock import SYNC, Gone, TwilsockClient, events_of

from .ledger import Ledger, Stream
from .native import PATIENCE, PAUSE, SILENCE, token

LOST = (Gone, OSError, TimeoutError, websockets.InvalidHandshake, websockets.ConnectionClosed, EOFError)
ASK = 2.0  # seconds between two pings of ours


class Refused(Exception):
    """An answer other than asked for."""


async def entered(front: str, identity: str, *, types: Sequence[str] = ()) -> TwilsockClient:
    """Initialised."""
    async with asyncio.timeout(PATIENCE):
        client = await TwilsockClient.open(front)
    try:
        async with asyncio.timeout(PATIENCE):
            header = await client.init(token(identity), types)
        if header["status"]["code"] != 200:
            raise Refused(header["status"])
    except BaseException:
        await closed(client)
        raise
    return client


async def ended(client: TwilsockClient) -> None:
    """Returns when the connection is over, answers no ping, or is told to end."""
    with suppress(*LOST):
        while True:
            async with asyncio.timeout(SILENCE):
                await client.call("ping")
            client.frames.clear()
            await asyncio.sleep(ASK)


async def closed(client: TwilsockClient) -> None:
    client.connection.transport.abort()
    with suppress(*LOST):
        async with asyncio.timeout(PATIENCE):
            await client.close()


async def request(client: TwilsockClient, method: str, path: str, body: object = None) -> tuple[int, Mapping[str, Any]]:
    """Status and body. Raises what LOST names, and Refused."""
    async with asyncio.timeout(PATIENCE):
        frame = await client.post(method, path, body)
    return _answer(frame)


def _answer(frame: Any) -> tuple[int, Mapping[str, Any]]:  # a Frame
    if frame.header["status"]["code"] != 200:
        raise Refused(frame.header["status"])
    status = frame.header["http_status"]["code"]
    return status, json.loads(frame.payload) if frame.payload else {}


class SyncReader:
    """Subscribes the list of messages of each room, after a reconnect from the last event that it saw."""

    def __init__(self, identity: str, fronts: Sequence[str], rooms: Sequence[str], ledger: Ledger) -> None:
        self.name = f"{identity} (twilsock)"
        self.streams = {room: Stream(self.name, room, ledger) for room in rooms}
        self.connected = asyncio.Event()
        self.recoveries = 0
        self._identity = identity
        self._fronts = fronts
        self._ledger = ledger
        self._lists: dict[str, str] = {}  # sid of the list → room
        self._since: dict[str, int] = {}
        self._pending: set[str] = set()

    async def run(self) -> None:
        attempt = 0
        while True:
            with suppress(*LOST, Refused):
                await self._once(self._fronts[attempt % len(self._fronts)])
            self.connected.clear()
            attempt += 1
            await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))

    async def _once(self, front: str) -> None:
        client = await entered(front, self._identity, types=(SYNC,))
        watch = asyncio.create_task(ended(client))  # ended below
        try:
            for room in self.streams if not self._lists else ():
                status, described = await request(client, "GET", f"/v3/Lists/{room}.messages")
                if status != 200:
                    raise Refused(status)
                self._lists[described["sid"]] = room
                self._since[described["sid"]] = described["last_event_id"]
            self.recoveries += bool(self._pending)
            self._pending = set(self._lists)
            await self._subscribe(client, list(self._lists))
            watch.add_done_callback(lambda _: client.connection.transport.abort())
            while True:
                while client.told:
                    frame = client.told.popleft()
                    if frame.header["method"] == "close":
                        return
                    if frame.header.get("message_type") == SYNC:
                        await self._told(client, frame.json)
                if client.connection.state is not websockets.State.OPEN:
                    return
                with suppress(TimeoutError):
                    await client.news()
        finally:
            watch.cancel()
            await closed(client)

    async def _subscribe(self, client: TwilsockClient, lists: Sequence[str]) -> None:
        requests = [{"object_sid": sid, "object_type": "list", "last_event_id": self._since[sid]} for sid in lists]
        body = {"event_protocol_version": 4, "action": "establish", "correlation_id": 1, "requests": requests}
        status, _ = await request(client, "POST", "/v4/Subscriptions", body)
        if status != 200:
            raise Refused(status)

    async def _told(self, client: TwilsockClient, told: dict[str, Any]) -> None:
        again = []
        for event in events_of(told):
            match told["event_type"]:
                case "list_item_added":
                    self._added(event)
                case "subscription_established":
                    sid = event["object_sid"]
                    self._since[sid] = max(self._since[sid], event["last_event_id"])
                    if event["replay_status"] == "interrupted":
                        again.append(sid)
                    else:
                        self._pending.discard(sid)
                case "subscription_failed":
                    if event["error"]["status"] < 500:
                        self._ledger.accuse(f"{self.name}: {event}")
                    raise Refused(event["error"])
        if again:
            await self._subscribe(client, again)
        if not self._pending:
            self.connected.set()

    def _added(self, event: Mapping[str, Any]) -> None:
        sid = event["list_sid"]
        if event["id"] <= self._since[sid]:
            self._ledger.accuse(f"{self.name}: event {event['id']} came after {self._since[sid]}")
        self._since[sid] = event["id"]
        item = event["item_data"]
        self.streams[self._lists[sid]].message(item["index"], item["sid"], item["text"])


class SyncWriter:
    """Sends without `client_ref`, as the SDKs do: what was not acknowledged is given up, and may have happened."""

    def __init__(
        self,
        identity: str,
        fronts: Sequence[str],
        rooms: Sequence[str],
        ledger: Ledger,
        *,
        rate: float,
        sent: Callable[[str, str, str], None] = lambda _room, _sid, _body: None,
    ) -> None:
        self.name = f"{identity} (twilsock)"
        self.since = 0.0
        self._identity = identity
        self._fronts = fronts
        self._rooms = rooms
        self._ledger = ledger
        self._rate = rate
        self._sent = sent
        self._client: TwilsockClient | None = None
        self._watch: asyncio.Task[None] | None = None
        self._attempt = 0

    async def run(self, stopping: asyncio.Event) -> None:
        number = 0
        try:
            while not stopping.is_set():
                began = time.monotonic()
                if await self._send(self._rooms[number % len(self._rooms)], number):
                    self.since = began
                number += 1
                with suppress(TimeoutError):
                    left = random.uniform(0.5, 1.5) / self._rate - (time.monotonic() - began)
                    async with asyncio.timeout(max(0.0, left)):
                        await stopping.wait()
        finally:
            await self._leave()

    async def _send(self, room: str, number: int) -> bool:
        """Whether it was acknowledged in time."""
        body = f"{self._identity} {number}"
        self._ledger.tried[body] = False
        try:
            client = await self._enter()
            call = client.post("POST", f"/Client/v1/Conversations/{room}/Messages", {"body": body})
            call.add_done_callback(lambda done: self._answered(done, room, body))
            async with asyncio.timeout(PATIENCE):
                return _answer(await asyncio.shield(call))[0] == 201
        except TimeoutError:
            return False
        except (*LOST, Refused):
            self._attempt += 1
            await self._leave()
            return False

    def _answered(self, done: asyncio.Future[Any], room: str, body: str) -> None:
        if done.cancelled() or done.exception() is not None:
            return
        with suppress(Refused):
            status, message = _answer(done.result())
            if status == 201:
                self._ledger.acknowledge(room, body, sid=message["sid"], index=message["index"])
                self._sent(room, message["sid"], body)
            elif status < 500 and status != 429:
                self._ledger.accuse(f"{self.name}: {body!r} was refused: {status} {message}")

    async def _enter(self) -> TwilsockClient:
        if self._client is not None and self._watch is not None and not self._watch.done():
            return self._client
        await self._leave()
        client = await entered(self._fronts[self._attempt % len(self._fronts)], self._identity)
        self._client, self._watch = client, asyncio.create_task(ended(client))  # owned: `_leave` ends it
        return client

    async def _leave(self) -> None:
        client, self._client = self._client, None
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
        if client is not None:
            await closed(client)
