"""The three ways in, as far as an abuser has to know them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from tests.support.native import encode_json, encode_protobuf
from tests.support.twilsock import SYNC, encode

from . import corpus
from .raw import BINARY, TEXT, Raw, frame, socket

NATIVE, TWILSOCK = "/connection/websocket", "/v3/wsconnect"
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
BAD_REQUEST, INVALID_TOKEN, EXPIRED, STALE = 3501, 3500, 3005, 3502
LAST = 4_000_000_000
REGISTRATION = {"product": "ip_messaging", "type": "ers", "message_types": [SYNC]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    name: str
    path: str
    opcode: int
    login: Callable[[str], bytes]
    """The message that enters with a token."""

    probe: bytes
    """A message whose answer contains `echo`."""

    echo: bytes
    largest: int
    corpus: Sequence[bytes]
    ends: frozenset[int]
    """Close codes by which broken messages may end a connection."""

    def opened(self, port: int, token: str = "", *headers: str) -> AbstractAsyncContextManager[Raw]:
        """A connection; logged in where there is a token."""
        return socket(port, self.path, *headers, first=self.framed(self.login(token)) if token else b"")

    def framed(self, payload: bytes) -> bytes:
        return frame(payload, self.opcode)


JSON = Entrance(
    name="json",
    path=NATIVE,
    opcode=TEXT,
    login=lambda token: encode_json([{"id": 1, "connect": {"token": token}}]),
    probe=encode_json([{"id": LAST, "ping": {}}]),
    echo=b'{"id":%d,' % LAST,
    largest=131_072,
    corpus=corpus.JSON,
    ends=frozenset({BAD_REQUEST, INVALID_TOKEN, EXPIRED, 1007}),
)
PROTOBUF = Entrance(
    name="protobuf",
    path=f"{NATIVE}?format=protobuf",
    opcode=BINARY,
    login=lambda token: encode_protobuf([{"id": 1, "connect": {"token": token}}]),
    probe=encode_protobuf([{"id": LAST, "ping": {}}]),
    echo=encode_protobuf([{"id": LAST}])[1:],
    largest=131_072,
    corpus=corpus.PROTOBUF,
    ends=frozenset({BAD_REQUEST, INVALID_TOKEN, EXPIRED}),
)
SDK = Entrance(
    name="twilsock",
    path=TWILSOCK,
    opcode=BINARY,
    login=lambda token: encode({"method": "init", "id": "TM0", "token": token, "registrations": [REGISTRATION]}),
    probe=encode({"method": "what", "id": "TMlast"}),
    echo=b'"TMlast"',
    largest=1024 * 1024,
    corpus=corpus.TWILSOCK,
    ends=frozenset({BAD_REQUEST, 1000}),
)
ENTRANCES = {entrance.name: entrance for entrance in (JSON, PROTOBUF, SDK)}


def portions(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
