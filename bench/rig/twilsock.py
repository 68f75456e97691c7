"""A client of Twilsock that does what the SDKs do once they run: opens document, messages and roster of its channels,
subscribes them, acknowledges what it is told, and comes back with the positions it had.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from bench.load.deployment import TWILSOCK
from bench.rig.client import BINARY, Client, TurnedAwayError

_BATCH = 100
"""Objects in one subscription request."""
_KINDS = (("Documents", "channel", "document"), ("Lists", "messages", "list"), ("Maps", "roster", "map"))
_REGISTRATION = {
    "product": "ip_messaging",
    "type": "ers",
    "notification_protocol_version": 0,
    "message_types": ["twilio.sync.event", "twilio.ipmsg.typing_indicator"],
}
_JSON = "application/json; charset=utf-8"


class _Status(msgspec.Struct):
    code: int = 0


class _Header(msgspec.Struct):
    method: str
    id: str = ""
    status: _Status | None = None
    http_status: _Status | None = None


class _Item(msgspec.Struct):
    text: str | None = None


class _Event(msgspec.Struct):
    id: int = 0
    object_sid: str = ""
    document_sid: str = ""
    list_sid: str = ""
    map_sid: str = ""
    item_index: int = -1
    item_data: msgspec.Raw = msgspec.Raw(b"")
    last_event_id: int = 0


class _Told(msgspec.Struct):
    event_type: str = ""
    event: _Event | None = None
    events: list[_Event] = []


class _Object(msgspec.Struct):
    sid: str = ""
    last_event_id: int = 0


_HEADERS = msgspec.json.Decoder(_Header)
_TOLD = msgspec.json.Decoder(_Told)
_OBJECTS = msgspec.json.Decoder(_Object)
_ITEMS = msgspec.json.Decoder(_Item)


class TwilsockClient(Client):
    path = TWILSOCK

    def __init__(self, *arguments: Any) -> None:  # those of Client
        super().__init__(*arguments)
        self._numbers: Iterator[int] = itertools.count(1)
        self._positions: dict[str, tuple[str, int]] = {}  # SID of an object → (type, event ID)
        self._lists: dict[str, int] = {}  # SID of a list of messages → room
        self._opening: dict[str, tuple[str, int]] = {}  # ID of a request → (type, room)
        self._subscribing: set[str] = set()

    def send(self, room: int, body: str, ref: str, token: int, now: int) -> None:
        path = f"/Client/v1/Conversations/{self._sids[room]}/Messages"
        number = self._request("POST", path, {"body": body, "attributes": "{}"})
        self.in_flight[number] = (token, now)

    def _greet(self) -> None:
        self._opening.clear()
        self._subscribing.clear()
        self._frame(
            {
                "method": "init",
                "id": "init",
                "token": self.place.token,
                "continuation_token": None,
                "metadata": {"ver": "0.12.2", "type": "chat", "sdk": "bench", "sdkv": "0"},
                "registrations": [_REGISTRATION],
                "tweaks": None,
                "capabilities": ["client_update"],
            }
        )

    def _message(self, payload: bytes) -> None:
        first, _, rest = payload.partition(b"\r\n")
        size = int(first[first.rindex(b" ") + 1 :])
        header, content = _HEADERS.decode(rest[:size]), rest[size + 2 :]
        if header.method == "reply":
            self._reply(header, content)
        elif header.method == "close":
            raise TurnedAwayError(f"closed: {header.status.code if header.status else ''}")
        else:
            self._frame({"method": "reply", "id": header.id, "payload_type": "application/json", "status": _OK})
            if header.method == "notification":
                self._told(_TOLD.decode(content))

    def _reply(self, header: _Header, content: bytes) -> None:
        code = header.http_status.code if header.http_status else header.status.code if header.status else 0
        if header.id == "init":
            if code != 200:
                raise TurnedAwayError(f"init: {code}")
            self._initialised()
        elif (opened := self._opening.pop(header.id, None)) is not None:
            if code != 200:
                raise TurnedAwayError(f"{opened[0]}: {code} {content[:200]!r}")
            self._opened(*opened, _OBJECTS.decode(content))
        elif header.id.isdigit() and int(header.id) in self.in_flight:
            self._answered(int(header.id), "" if code == 201 else f"{code} {content[:200].decode()}")
        elif code != 200:
            raise TurnedAwayError(f"subscription: {code} {content[:200]!r}")

    def _initialised(self) -> None:
        if self._positions:
            self._subscribe()
            return
        for sid, room in self.place.rooms.items():
            for collection, name, kind in _KINDS:
                self._opening[str(self._request("GET", f"/v3/{collection}/{sid}.{name}"))] = (kind, room)
        if not self._opening:
            self._lives()

    def _opened(self, kind: str, room: int, found: _Object) -> None:
        self._positions[found.sid] = (kind, found.last_event_id)
        if kind == "list":
            self._lists[found.sid] = room
        if not self._opening:
            self._subscribe()

    def _subscribe(self) -> None:
        self._subscribing = set(self._positions)
        wanted = [
            {"object_sid": sid, "object_type": kind, "last_event_id": position}
            for sid, (kind, position) in self._positions.items()
        ]
        for number, start in enumerate(range(0, len(wanted), _BATCH), 1):
            body = {
                "event_protocol_version": 4,
                "action": "establish",
                "correlation_id": number,
                "retried_requests": 0,
                "ttl_in_s": -1,
                "requests": wanted[start : start + _BATCH],
            }
            self._request("POST", "/v4/Subscriptions", body)

    def _told(self, told: _Told) -> None:
        for event in told.events if told.event is None else [told.event]:
            if told.event_type == "subscription_established":
                self._established(event)
            elif told.event_type == "subscription_failed":
                raise TurnedAwayError(f"no subscription to {event.object_sid}")
            else:
                self._changed(told.event_type, event)

    def _established(self, event: _Event) -> None:
        self._moved(event.object_sid, event.last_event_id)
        self._subscribing.discard(event.object_sid)
        if not self._subscribing and not self.live:
            self._lives()

    def _changed(self, kind: str, event: _Event) -> None:
        sid = event.list_sid or event.map_sid or event.document_sid
        self._moved(sid, event.id)
        if kind == "list_item_added" and (room := self._lists.get(sid)) is not None:
            self._came(room, event.item_index, _ITEMS.decode(event.item_data).text)

    def _moved(self, sid: str, position: int) -> None:
        if (known := self._positions.get(sid)) is not None and position > known[1]:
            self._positions[sid] = (known[0], position)

    def _request(self, method: str, path: str, body: object = None) -> int:
        """Its number, which is its ID too."""
        number = next(self._numbers)
        http = {
            "host": "aim.us1.twilio.com",
            "path": path,
            "method": method,
            "params": {},
            "headers": {"Content-Type": _JSON},
        }
        header: dict[str, object] = {
            "method": "message",
            "id": str(number),
            "active_grant": "ip_messaging",
            "payload_type": _JSON,
            "http_request": http,
        }
        self._frame(header, b"" if body is None else json.dumps(body).encode())
        return number

    def _frame(self, header: dict[str, object], payload: bytes = b"") -> None:
        text = msgspec.json.encode(header | {"payload_size": len(payload)})
        self._write(b"TWILSOCK V3.0 %d\r\n%b\r\n%b" % (len(text), text, payload), BINARY)


_OK = {"code": 200, "status": "OK"}
