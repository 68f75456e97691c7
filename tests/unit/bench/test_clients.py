"""Clients of the load generator, without sockets: bytes in, bytes out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from centrifuge.protocol import client_pb2

from bench.load.exchange import frame, parsed
from bench.load.wire import frame_at
from bench.rig.client import Client, Place, TurnedAwayError
from bench.rig.native import JsonClient, ProtobufClient
from bench.rig.twilsock import TwilsockClient

SID = "CH" + "a" * 32
PLACE = Place(number=3, address=("127.0.0.1", 80), token="secret", rooms={SID: 8})
UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"


class _Heard:
    """A witness that keeps everything."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, int, str]] = []
        self.answers: list[tuple[int, int, str]] = []
        self.lives = 0
        self.refusals = 0

    def came(self, client: Client, room: int, index: int, body: str) -> None:
        self.messages.append((room, index, body))

    def answered(self, client: Client, token: int, sent: int, error: str) -> None:
        self.answers.append((token, sent, error))

    def lived(self, client: Client) -> None:
        self.lives += 1

    def refused_recovery(self, client: Client) -> None:
        self.refusals += 1


def _text(payload: object, opcode: int = 1) -> bytes:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = bytes((0x80 | opcode, len(data))) if len(data) < 126 else bytes((0x80 | opcode, 126)) + len(data).to_bytes(2)
    return head + data


def _said(client: Client) -> list[bytes]:
    """Payloads of the frames it wants to write; its masks are zero."""
    out, found, at = client.outgoing, [], 0
    if out.startswith(b"GET "):
        at = out.index(b"\r\n\r\n") + 4
    while at < len(out):
        unmasked = bytearray(out[at:])
        unmasked[1] &= 0x7F
        where = frame_at(unmasked + bytes(4), 0)
        assert where is not None
        found.append(bytes(unmasked[where[0] + 4 : where[1] + 4]))
        at += where[1] + 4
    client.outgoing.clear()
    return found


def _connected(**subscribed: Any) -> dict[str, Any]:
    sub = {"recoverable": True, "epoch": "e", "offset": 4, **subscribed}
    return {"id": 1, "connect": {"subs": {"live": {}, f"chat:{SID}": sub}}}


def _publication(index: int, body: str = "hi", offset: int = 5) -> dict[str, Any]:
    return {"data": {"type": "message.added", "message": {"index": index, "body": body}}, "offset": offset}


def _live_json() -> tuple[JsonClient, _Heard]:
    heard = _Heard()
    client = JsonClient(PLACE, heard)
    client.begin()
    client.feed(UPGRADED)
    _said(client)
    client.feed(_text(_connected()))
    return client, heard


def test_json_connects_and_is_live_after_the_reply() -> None:
    heard = _Heard()
    client = JsonClient(PLACE, heard)
    client.begin()
    client.feed(UPGRADED[:10])
    client.feed(UPGRADED[10:])
    (hello,) = (json.loads(payload) for payload in _said(client))
    assert hello["connect"]["token"] == "secret"
    assert hello["connect"]["subs"] == {}
    assert heard.lives == 0
    client.feed(_text(_connected()))
    assert heard.lives == 1
    assert client.live


def test_json_hears_publications_however_the_bytes_are_cut() -> None:
    client, heard = _live_json()
    lines = b"\n".join(
        json.dumps({"push": {"channel": f"chat:{SID}", "pub": _publication(index)}}).encode() for index in (0, 1)
    )
    for byte in _text(lines) + _text(b"{}"):
        client.feed(bytes([byte]))
    assert heard.messages == [(8, 0, "hi"), (8, 1, "hi")]
    assert _said(client) == [b"{}"]


def test_json_sends_and_matches_the_answer() -> None:
    client, heard = _live_json()
    client.send(8, "text", "ref", 5, 123)
    (sent,) = (json.loads(payload) for payload in _said(client))
    assert sent["rpc"]["data"] == {"channel": SID, "body": "text", "client_ref": "ref"}
    client.feed(_text({"id": sent["id"], "rpc": {"data": {}}}))
    assert heard.answers == [(5, 123, "")]
    client.send(8, "text", "ref", 6, 124)
    client.feed(_text({"id": sent["id"] + 1, "error": {"code": 111, "message": "slow down"}}))
    assert heard.answers[-1] == (6, 124, "111 slow down")


def test_json_comes_back_with_the_position_it_had_and_gets_what_it_missed() -> None:
    client, heard = _live_json()
    client.feed(_text({"push": {"channel": f"chat:{SID}", "pub": _publication(0, offset=9)}}))
    client.begin()
    client.feed(UPGRADED)
    (hello,) = (json.loads(payload) for payload in _said(client))
    assert hello["connect"]["subs"] == {f"chat:{SID}": {"recover": True, "epoch": "e", "offset": 9}}
    recovered = _connected(was_recovering=True, recovered=True, offset=9, publications=[_publication(1, offset=10)])
    client.feed(_text(recovered))
    assert heard.messages[-1] == (8, 1, "hi")
    assert heard.refusals == 0


def test_what_was_recovered_is_not_asked_for_again() -> None:
    client, _ = _live_json()
    recovered = _connected(was_recovering=True, recovered=True, offset=4, publications=[_publication(0, offset=5)])
    client.begin()
    client.feed(UPGRADED + _text(recovered))
    client.begin()
    client.feed(UPGRADED)
    (hello,) = _said(client)
    assert json.loads(hello)["connect"]["subs"][f"chat:{SID}"]["offset"] == 5


def test_a_refused_recovery_is_told() -> None:
    client, heard = _live_json()
    client.begin()
    client.feed(UPGRADED + _text(_connected(was_recovering=True, recovered=False)))
    assert heard.refusals == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Busy\r\n\r\n",
        UPGRADED + _text({"id": 1, "error": {"code": 100}}),
        UPGRADED + _text(b"\x0b\xb8no", opcode=8),
    ],
)
def test_a_client_that_is_not_wanted_says_so(answer: bytes) -> None:
    client = JsonClient(PLACE, _Heard())
    client.begin()
    with pytest.raises(TurnedAwayError):
        client.feed(answer)


def _delimited(message: Any) -> bytes:
    encoded: bytes = message.SerializeToString()
    assert len(encoded) < 128 * 128
    return bytes((len(encoded) & 0x7F | 0x80, len(encoded) >> 7)) + encoded


def test_protobuf_says_and_hears_the_same() -> None:
    heard = _Heard()
    client = ProtobufClient(PLACE, heard)
    client.begin()
    assert b"Sec-WebSocket-Protocol: centrifuge-protobuf\r\n\r\n" in client.outgoing
    connected = client_pb2.Reply(id=1)
    sub = connected.connect.subs[f"chat:{SID}"]
    sub.recoverable, sub.epoch, sub.offset = True, "e", 4
    pushed = client_pb2.Reply()
    pushed.push.channel = f"chat:{SID}"
    pushed.push.pub.data = json.dumps(_publication(0)["data"]).encode()
    pushed.push.pub.offset = 5
    client.feed(UPGRADED + _text(_delimited(connected) + _delimited(pushed), 2) + _text(b"\0", 2))
    assert heard.messages == [(8, 0, "hi")]
    hello, pong = _said(client)
    assert client_pb2.Command.FromString(hello[2:] if hello[0] & 0x80 else hello[1:]).connect.token == "secret"
    assert pong == b"\0"
    client.send(8, "text", "ref", 5, 123)
    (sent,) = _said(client)
    command = client_pb2.Command.FromString(sent[2:] if sent[0] & 0x80 else sent[1:])
    assert json.loads(command.rpc.data)["body"] == "text"
    client.feed(_text(_delimited(client_pb2.Reply(id=command.id, rpc=client_pb2.RPCResult())), 2))
    assert heard.answers == [(5, 123, "")]


def _asked(client: Client) -> list[tuple[dict[str, Any], bytes]]:
    return [parsed(payload) for payload in _said(client)]


def _answered(number: str, code: int, body: object) -> bytes:
    header = {"method": "reply", "id": number, "status": {"code": 200}, "http_status": {"code": code}}
    return _text(frame(header, json.dumps(body).encode()), 2)


def _told(kind: str, *events: dict[str, Any]) -> bytes:
    payload = json.dumps({"event_type": kind, "events": events}).encode()
    return _text(frame({"method": "notification", "id": "n1", "message_type": "twilio.sync.event"}, payload), 2)


def _established(*positions: tuple[str, int]) -> bytes:
    return _told("subscription_established", *({"object_sid": sid, "last_event_id": at} for sid, at in positions))


def _live_twilsock() -> tuple[TwilsockClient, _Heard]:
    heard = _Heard()
    client = TwilsockClient(PLACE, heard)
    client.begin()
    client.feed(UPGRADED)
    assert [header["method"] for header, _ in _asked(client)] == ["init"]
    client.feed(_text(frame({"method": "reply", "id": "init", "status": {"code": 200}}), 2))
    opened = _asked(client)
    assert [header["http_request"]["path"] for header, _ in opened] == [
        f"/v3/Documents/{SID}.channel",
        f"/v3/Lists/{SID}.messages",
        f"/v3/Maps/{SID}.roster",
    ]
    for (header, _), sid in zip(opened, ("ET1", "ES1", "MP1"), strict=True):
        client.feed(_answered(header["id"], 200, {"sid": sid, "last_event_id": 3}))
    (subscription,) = _asked(client)
    assert [each["object_sid"] for each in json.loads(subscription[1])["requests"]] == ["ET1", "ES1", "MP1"]
    client.feed(_answered(subscription[0]["id"], 200, {}))
    client.feed(_established(("ET1", 3), ("ES1", 3)))
    assert heard.lives == 0
    client.feed(_established(("MP1", 3)))
    assert client.live
    _said(client)
    return client, heard


def test_twilsock_opens_and_subscribes_what_the_sdks_do() -> None:
    _, heard = _live_twilsock()
    assert heard.lives == 1


def test_twilsock_acknowledges_what_it_is_told() -> None:
    client, heard = _live_twilsock()
    client.feed(_told("list_item_added", {"id": 7, "list_sid": "ES1", "item_index": 0, "item_data": {"text": "hi"}}))
    assert heard.messages == [(8, 0, "hi")]
    assert [(header["method"], header["id"]) for header, _ in _asked(client)] == [("reply", "n1")]


def test_twilsock_sends_and_matches_the_answer() -> None:
    client, heard = _live_twilsock()
    client.send(8, "text", "ref", 5, 123)
    ((header, payload),) = _asked(client)
    assert header["http_request"]["path"] == f"/Client/v1/Conversations/{SID}/Messages"
    assert json.loads(payload)["body"] == "text"
    client.feed(_answered(header["id"], 201, {"index": 0}))
    assert heard.answers == [(5, 123, "")]


def test_twilsock_comes_back_with_the_positions_it_had() -> None:
    client, heard = _live_twilsock()
    client.feed(_told("list_item_added", {"id": 7, "list_sid": "ES1", "item_index": 0, "item_data": {"text": "hi"}}))
    client.begin()
    client.feed(UPGRADED + _text(frame({"method": "reply", "id": "init", "status": {"code": 200}}), 2))
    _, (_, payload) = _asked(client)
    wanted = {each["object_sid"]: each["last_event_id"] for each in json.loads(payload)["requests"]}
    assert wanted == {"ET1": 3, "ES1": 7, "MP1": 3}
    client.feed(_established(("ET1", 3), ("ES1", 7), ("MP1", 3)))
    assert heard.lives == 2
