"""The WebSocket endpoint of the native protocol: origin, encoding, and a peer for whoever is let in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from urllib.parse import parse_qs

from gateway.sockets.endpoint import Accept, Handshake, Link, Reject
from gateway.sockets.inbox import Inbox

from . import codec_json, codec_protobuf
from .encode import Encoders
from .messages import Command
from .peer import CentrifugePeer, ping_frame
from .room_services import RoomServices

PATH = "/connection/websocket"
MESSAGE_MAX = 131_072  # bytes of one inbound message
PROTOBUF, JSON = "centrifuge-protobuf", "centrifuge-json"


class CentrifugeEndpoint:
    """Accepts upgrades of one path."""

    def __init__(
        self,
        services: RoomServices,
        origins: Sequence[str],
        make_inbox: Callable[[Link, Callable[[Command], Awaitable[None]]], Inbox[Command]],
    ) -> None:
        self._services = services
        self._origins = origins
        self._make_inbox = make_inbox
        self._json = Encoders.of(codec_json, services.hub.tell)
        self._protobuf = Encoders.of(codec_protobuf, services.hub.tell)

    def accept(self, handshake: Handshake) -> Accept | Reject:
        origin = handshake.headers.get("origin")
        if origin is not None and not self._allowed(origin, handshake):
            return Reject(status=403, body="Origin is not allowed\n")
        subprotocol, protobuf = encoding(handshake)
        encoders = self._protobuf if protobuf else self._json
        ping = ping_frame(encoders)

        def peer(link: Link) -> CentrifugePeer:
            return CentrifugePeer(link, self._services, encoders, ping, self._make_inbox)

        return Accept(
            peer=peer, subprotocol=subprotocol, text=not protobuf, max_message=MESSAGE_MAX, protocol="centrifuge"
        )

    def _allowed(self, origin: str, handshake: Handshake) -> bool:
        """The same host, or one of the configured patterns (`https://*.example.org`, `http://localhost:*`)."""
        own = handshake.headers.get("host", "")
        same = origin.partition("://")[2] == own
        return same or any(fnmatchcase(origin, pattern) for pattern in self._origins)


def encoding(handshake: Handshake) -> tuple[str | None, bool]:
    """The subprotocol to echo, and whether the encoding is Protobuf. Nothing is echoed that was not offered."""
    offered = handshake.subprotocols
    if PROTOBUF in offered:
        return PROTOBUF, True
    if JSON in offered:
        return JSON, False
    query = parse_qs(handshake.query)
    return None, "protobuf" in (*query.get("format", ()), *query.get("cf_protocol", ()))
