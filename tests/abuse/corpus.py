"""Good frames of each protocol, to be broken. Names and SIDs in them need not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.support.native import encode_json, encode_protobuf
from tests.support.twilsock import encode

Json = Mapping[str, Any]  # Any: JSON

CHANNEL = "CH" + "0" * 31 + "1"
_ROOM = f"chat:{CHANNEL}"
_SUBSCRIBE = {"channel": _ROOM, "recover": True, "epoch": "epoch", "offset": 7, "data": {"a": [1, "ü"]}, "flag": 1}

_CALLS: list[tuple[str, Json]] = [
    ("channel.create", {"friendly_name": "x", "attributes": {"a": 1}, "unique_name": "u", "type": "private"}),
    ("channel.get", {"channel": CHANNEL}),
    ("channel.list", {"limit": 5, "page": "abc"}),
    ("channel.mine", {"status": "joined", "limit": 5}),
    ("channel.notify", {"channel": CHANNEL, "level": "muted"}),
    ("member.add", {"channel": CHANNEL, "identity": "bob", "attributes": {}}),
    ("member.list", {"channel": CHANNEL, "limit": 2}),
    ("message.send", {"channel": CHANNEL, "body": "hällo 😀", "attributes": {"b": [True]}, "client_ref": "r1"}),
    ("message.get", {"channel": CHANNEL, "index": 3}),
    ("message.list", {"channel": CHANNEL, "before": 9, "limit": 3}),
    ("message.update", {"channel": CHANNEL, "index": 0, "body": "y", "if_rev": 3}),
    ("event.list", {"channel": "me", "since": {"offset": 1, "epoch": "e"}, "limit": 10}),
    ("read.set", {"channel": CHANNEL, "index": 2, "force": True}),
    ("unread.total", {}),
    ("user.list", {"identities": ["a", "b"]}),
    ("user.update", {"friendly_name": None, "attributes": {"x": {}}}),
    ("user.watch", {"identities": ["a"]}),
    ("typing.start", {"channel": CHANNEL}),
    ("push.register", {"type": "fcm", "token": "t"}),
    ("media.create", {"content_type": "image/png", "size": 10}),
]

_COMMANDS: list[dict[str, Any]] = [
    {"subscribe": _SUBSCRIBE},
    {"unsubscribe": {"channel": _ROOM}},
    {"publish": {"channel": _ROOM, "data": {"x": 1}}},
    {"presence": {"channel": "me"}},
    {"presence_stats": {"channel": _ROOM}},
    {"history": {"channel": "me", "limit": -1, "since": {"offset": 1, "epoch": "e"}, "reverse": True}},
    {"ping": {}},
    {"send": {"data": {"method": "typing.start", "params": {"channel": CHANNEL}}}},
    {"sub_refresh": {"channel": _ROOM, "token": "x"}},
    *({"rpc": {"method": method, "data": params}} for method, params in _CALLS),
]


def _numbered() -> Iterator[list[Json]]:
    for number, command in enumerate(_COMMANDS, 2):
        yield [{"id": number, **command}]
    yield [{"id": number, **command} for number, command in enumerate(_COMMANDS[6:12], 2)]
    for token in ("alice", "expired", "a.b.c"):
        subs = {_ROOM: {**_SUBSCRIBE, "channel": ""}, "me": {"recover": True, "offset": 1, "epoch": "e"}}
        yield [{"id": 1, "connect": {"token": token, "data": {"subscribe": "feed"}, "subs": subs, "name": "js"}}]
        yield [{"id": 1, "refresh": {"token": token}}]


JSON = (*(encode_json(commands) for commands in _numbered()), b"{}", b"{}\n{}")
PROTOBUF = (*(encode_protobuf(commands) for commands in _numbered()), b"\x00", b"\x00\x00")

_REGISTRATION = {"product": "ip_messaging", "type": "ers", "message_types": ["twilio.sync.event"]}


def _request(method: str, path: str, payload: bytes = b"", **params: object) -> bytes:
    http = {
        "host": "aim.us1.twilio.com",
        "path": path,
        "method": method,
        "params": params,
        "headers": {"Content-Type": "application/json; charset=utf-8", "X-Twilio-Mutation-Id": "7"},
    }
    header = {"method": "message", "id": "TM1", "active_grant": "ip_messaging", "http_request": http}
    return encode({**header, "payload_type": "application/json"}, payload)


TWILSOCK = (
    *(
        encode({"method": "init", "id": "TM0", "token": token, "registrations": [_REGISTRATION], "tweaks": None})
        for token in ("alice", "expired")
    ),
    encode({"method": "update", "id": "TM2", "token": "alice"}),
    encode({"method": "put_notification_ctx", "id": "TM3", "notification_ctx_id": "c"}, b'{"message_types":["a"]}'),
    encode({"method": "delete_notification_ctx", "id": "TM4", "notification_ctx_id": "c"}),
    encode({"method": "reply", "id": "TM5", "status": {"code": 200, "status": "OK"}}),
    encode({"method": "telemetry.v1", "id": "TM6", "events": [{"start": 1, "end": 2, "title": "x"}]}),
    encode({"method": "what", "id": "TM7"}),
    _request("GET", "/Client/v1/Configuration"),
    _request("GET", f"/v3/Services/default/Maps/{CHANNEL}/Items", PageSize="50", Order="asc", From="a%20b"),
    _request("GET", f"/v3/Services/default/Lists/{CHANNEL}.messages/Items", PageSize=["1", "2"]),
    _request("POST", "/Client/v1/Conversations", b'{"friendly_name":"x","type":"private","attributes":"{}"}'),
    _request("POST", f"/Client/v1/Conversations/{CHANNEL}/Messages", '{"body":"hällo 😀"}'.encode()),
    _request("POST", f"/Client/v1/Conversations/{CHANNEL}/Participants/b%40b", b'{"attributes":"{}"}'),
    _request("DELETE", f"/Client/v1/Conversations/{CHANNEL}/Participants/@me", b"null"),
    _request(
        "POST",
        "/v4/Subscriptions",
        b'{"event_protocol_version":4,"action":"establish","correlation_id":5,"retried_correlation_id":null,"ttl_in_s":-1,'
        b'"requests":[{"object_sid":"x","object_type":"map","last_event_id":3}]}',
    ),
    _request("POST", "/v3/Lists", b'{"purpose":"com.twilio.rtd.ipmsg","context":{"type":"IpMsgSession"}}'),
    _request("POST", "/v1/typing", b"ChannelSid=" + CHANNEL.encode()),
)

REST = (
    (b"GET", b"/v2/Services"),
    (b"GET", b"/v2/Services/IS1/Channels?PageSize=5&Page=1"),
    (b"POST", b"/v2/Services/IS1/Channels"),
    (b"POST", b"/token"),
    (b"DELETE", f"/v2/Services/IS1/Channels/{CHANNEL}".encode()),
    (b"GET", b"/v1/Conversations/%C3%BC"),
    (b"OPTIONS", b"/v1/Services/IS1/Media"),
    (b"GET", b"/readyz"),
    (b"GET", b"/connection/websocket"),
)

HTTP = tuple(
    b"%b %b HTTP/1.1\r\nHost: chat.example\r\nAuthorization: Basic QUM6eA==\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
    % (method, path, len(body), body)
    for method, path in REST
    for body in (b"", b"FriendlyName=x&Attributes=%7B%22a%22%3A1%7D")
) + tuple(
    b"GET %b HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%b\r\n" % (path, extra)
    for path in (b"/connection/websocket", b"/v3/wsconnect", b"/nowhere")
    for extra in (b"", b"Sec-WebSocket-Protocol: centrifuge-protobuf, x\r\nOrigin: http://localhost\r\n")
)
