"""Asks at every door, for every caller, and reads what is answered."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.support.native import ErrorReply, NativeClient
from tests.support.native import Gone as NativeGone
from tests.support.twilsock import Gone, TwilsockClient

from .outcomes import CODES, SHUT_OUT, Caller, Outcome
from .room import Room
from .rules import Door, Json, Row

Said = tuple[object, ...] | None
"""None: not refused; else what the refusal consists of."""

SHUT: Said = ("not let in",)
LIST = {"purpose": "com.twilio.rtd.ipmsg", "context": {"type": "IpMsgSession", "apiVersion": "3"}}
_NEEDS_SUBSCRIPTION = ("presence", "presence_stats", "history")


@dataclass(frozen=True, slots=True)
class Answer:
    said: Said
    text: str


def expected(door: Door, outcome: Outcome) -> Said:
    if outcome is Outcome.SHUT:
        return SHUT
    if not outcome.refuses:
        return None
    codes = CODES[outcome]
    match door:
        case Door.NATIVE:
            return (codes.native,)
        case Door.ACTION:
            return (codes.code,)
        case _:
            return codes.status, codes.code


@dataclass(slots=True, kw_only=True)
class Doors:
    """Of one node. Those with a good token have a connection of each protocol and a command list; the others knock
    again and again."""

    url: str
    tokens: Mapping[Caller, str]
    identities: Mapping[Caller, str]
    http: httpx.AsyncClient
    stack: contextlib.AsyncExitStack
    native: dict[Caller, NativeClient] = field(default_factory=dict)
    twilsock: dict[Caller, TwilsockClient] = field(default_factory=dict)
    lists: dict[Caller, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    async def open(self, caller: Caller) -> None:
        native = await self.open_native()
        await native.connect(self.tokens[caller], mode="feed")
        self.native[caller] = native
        twilsock = await self._open_twilsock()
        reply = await twilsock.init(self.tokens[caller])
        assert reply["status"]["code"] == 200, reply
        self.twilsock[caller] = twilsock
        made = await twilsock.request("POST", "/v3/Lists", LIST)
        self.lists[caller] = made.body["sid"]
        await self._establish(twilsock, {"object_sid": self.lists[caller], "object_type": "list"})

    async def ask(self, row: Row, caller: Caller, room: Room) -> Answer:
        asked = _as_of(row.ask(room), self.identities[caller])
        match row.door:
            case Door.NATIVE if caller in SHUT_OUT:
                return await self._knock_native(row, self.tokens[caller], asked)
            case Door.NATIVE:
                return await self._native(row, self.native[caller], asked)
            case Door.MEDIA:
                return await self._media(self.tokens[caller], asked)
            case door if caller in SHUT_OUT:
                return await self._knock_twilsock(caller, asked if door is Door.SDK else {"path": "/v4/Subscriptions"})
            case Door.SDK:
                return await self._sdk(self.twilsock[caller], asked)
            case Door.SUBSCRIBE:
                return await self._subscribe(self.twilsock[caller], asked)
            case Door.ACTION:
                return await self._action(caller, asked)

    # The Centrifuge protocol.

    async def open_native(self) -> NativeClient:
        url = self.url.replace("http", "ws", 1) + "/connection/websocket"
        client = await NativeClient.open(url)
        self.stack.push_async_callback(client.close)
        return client

    async def _native(self, row: Row, client: NativeClient, asked: Json) -> Answer:
        subscribes = row.name == "subscribe" or row.name in _NEEDS_SUBSCRIPTION
        try:
            if row.name in _NEEDS_SUBSCRIPTION:
                with contextlib.suppress(ErrorReply):
                    await client.command("subscribe", channel=asked["channel"])
            result = await client.command("rpc" if "method" in asked else row.name, **asked)
        except ErrorReply as refused:
            return Answer((refused.code,), str(refused))
        finally:
            if subscribes:
                await client.command("unsubscribe", channel=asked["channel"])
        return Answer(None, json.dumps(result))

    async def _knock_native(self, row: Row, token: str, asked: Json) -> Answer:
        """The request right behind a connect that is going to be refused."""
        client = await self.open_native()
        member = "rpc" if "method" in asked else row.name
        login, request = client.post_together([("connect", {"token": token}), (member, asked)])
        text = ""
        try:
            text = json.dumps(await login)
        except ErrorReply as error:
            text = str(error)
        except NativeGone:
            pass
        try:
            return Answer(None, json.dumps(await request))
        except ErrorReply as error:
            return Answer((error.code,), str(error))
        except NativeGone:
            code, _ = await client.ended()
            return Answer(SHUT if code in (3500, 3501) else (code,), text)

    # Twilsock.

    async def _open_twilsock(self) -> TwilsockClient:
        client = await TwilsockClient.open(self.url)
        self.stack.push_async_callback(client.close)
        return client

    async def _sdk(self, client: TwilsockClient, asked: Json) -> Answer:
        headers = {"content_type": "application/x-www-form-urlencoded"} if isinstance(asked["body"], bytes) else {}
        answer = await client.request(asked["method"], asked["path"], asked["body"], params=asked["params"], **headers)
        text = json.dumps(answer.body)
        if answer.status < 300:
            return Answer(None, text)
        return Answer((answer.status, answer.body["code"]), text)

    async def _knock_twilsock(self, caller: Caller, asked: Json) -> Answer:
        """On one connection that was refused, as long as the node keeps it."""
        for _ in range(2):
            if caller not in self.twilsock:
                client = self.twilsock[caller] = await self._open_twilsock()
                reply = await client.init(self.tokens[caller])
                assert reply["status"]["code"] == 401, reply
            try:
                frame = await self.twilsock[caller].post(asked.get("method", "POST"), asked["path"], {})
            except Gone:
                del self.twilsock[caller]
                continue
            shut = frame.header["status"]["code"] == 400 and "http_status" not in frame.header
            return Answer(SHUT if shut else None, json.dumps(frame.header) + frame.payload.decode())
        raise AssertionError("a refused connection ends at once")

    async def _subscribe(self, client: TwilsockClient, asked: Json) -> Answer:
        event = await self._establish(client, asked)
        if error := event.get("error"):
            return Answer((error["status"], error["code"]), json.dumps(event))
        cancel = {"object_sid": asked["object_sid"], "object_type": asked["object_type"]}
        body = {"action": "cancel", "event_protocol_version": 4, "correlation_id": 0, "requests": [cancel]}
        await client.request("POST", "/v4/Subscriptions", body)
        return Answer(None, json.dumps(event))

    async def _establish(self, client: TwilsockClient, asked: Json) -> Json:
        """The result for one object."""
        number = next(self._numbers)
        body = {"action": "establish", "event_protocol_version": 4, "correlation_id": number, "requests": [asked]}
        answer = await client.request("POST", "/v4/Subscriptions", body)
        assert answer.status == 200, answer.body
        frame = await client.heard("notification", lambda f: f.json.get("correlation_id") == number)
        (event,) = frame.json["events"]
        found: Json = event
        return found

    async def _action(self, caller: Caller, request: Json) -> Answer:
        client, sid, number = self.twilsock[caller], self.lists[caller], str(next(self._numbers))
        body = {"data": {"commandId": number, "request": request}}
        pushed = await client.request("POST", f"/v3/Lists/{sid}/Items", body)
        assert pushed.status == 201, pushed.body
        event = await client.event("list_item_updated", lambda e: e["item_data"]["commandId"] == number)
        response = event["item_data"]["response"]
        status = response["status"]
        return Answer(None if status == 200 else (status,), json.dumps(response))

    # HTTP.

    async def _media(self, token: str, asked: Json) -> Answer:
        headers = {"X-Twilio-Token": token, **asked.pop("headers", {})}
        response = await self.http.request(asked.pop("method"), asked.pop("path"), headers=headers, **asked)
        text = response.text
        if response.status_code == 401:
            return Answer(SHUT, text)
        return Answer(None if response.is_success else (response.status_code, response.json()["code"]), text)


def _as_of(value: Any, identity: str) -> Any:  # Any: JSON
    """With `$me` replaced."""
    match value:
        case dict():
            return {key: _as_of(each, identity) for key, each in value.items()}
        case list():
            return [_as_of(each, identity) for each in value]
        case str():
            return value.replace("$me", identity)
    return value
