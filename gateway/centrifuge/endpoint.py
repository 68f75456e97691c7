"""The WebSocket endpoint of the native protocol: origin, encoding, and a peer for whoever is let in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from urllib.parse import parse_qs

from gateway.sockets.endpoint import Accept, Handshake, Link, Reject
from gateway.sockets.inbox import Inbox, Pending

from . import codec_json, codec_protobuf
from .encode import Encoders
from .messages import Command
from .peer import CentrifugePeer, ping_frame
from .room_services import RoomServices

PATH = "/connection/websocket"
MESSAGE_MAX = 131_072  # bytes of one inbound message
BASES_MAX = 64  # ways to this server; only clients that invent hosts know more
PROTOBUF, JSON = "centrifuge-protobuf", "centrifuge-json"


class CentrifugeEndpoint:
    """Accepts upgrades of one path."""

    def __init__(
        self,
        services: RoomServices,
        origins: Sequence[str],
        make_inbox: Callable[[Link, Callable[[Command], Pending]], Inbox[Command]],
        public_url: Callable[[Handshake], str] | None = None,
    ) -> None:
        """`public_url` tells where this server begins for whoever came that way; without it links have no base."""
        self._services = services
        self._origins = origins
        self._make_inbox = make_inbox
        self._public_url = public_url
        self._by_base: dict[str, RoomServices] = {}
        self._json = Encoders.of(codec_json, services.hub.tell)
        self._protobuf = Encoders.of(codec_protobuf, services.hub.tell)

    def accept(self, handshake: Handshake) -> Accept | Reject:
        origin = handshake.headers.get("origin")
        if origin is not None and not self._allowed(origin, handshake):
            return Reject(status=403, body="Origin is not allowed\n")
        subprotocol, protobuf = encoding(handshake)
        encoders = self._protobuf if protobuf else self._json
        ping = ping_frame(encoders)
        services = self._services_at(handshake)

        def peer(link: Link) -> CentrifugePeer:
            return CentrifugePeer(link, services, encoders, ping, self._make_inbox)

        return Accept(
            peer=peer, subprotocol=subprotocol, text=not protobuf, max_message=MESSAGE_MAX, protocol="centrifuge"
        )

    def _services_at(self, handshake: Handshake) -> RoomServices:
        """With links that lead back the way the client came; shared by all that came that way."""
        if self._public_url is None:
            return self._services
        base = self._public_url(handshake)
        services = self._by_base.get(base)
        if services is None:
            if len(self._by_base) >= BASES_MAX:
                self._by_base.clear()
            services = self._by_base[base] = replace(self._services, base=base)
        return services

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
