"""The WebSocket endpoint of Twilsock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from sys import intern

from gateway.sockets.endpoint import Accept, Handshake, Link, Reject

from .codec import FRAME_MAX
from .peer import TwilsockPeer
from .room_services import RoomServices

PATH = "/v3/wsconnect"


class TwilsockEndpoint:
    """Accepts upgrades of one path. Tokens come in frames and there are no cookies, so any page may connect unless
    `origins` says otherwise (patterns such as `https://*.example.org`)."""

    def __init__(
        self,
        services: RoomServices,
        origins: Sequence[str] | None = None,
        *,
        public_url: Callable[[Handshake], str] = lambda _: "",
    ) -> None:
        """`public_url` tells under which base this node is reached over plain HTTP."""
        self._services = services
        self._origins = origins
        self._public_url = public_url

    def accept(self, handshake: Handshake) -> Accept | Reject:
        origin = handshake.headers.get("origin")
        if origin is not None and not self._allowed(origin):
            return Reject(status=403, body="Origin is not allowed\n")
        public_url = intern(self._public_url(handshake))  # most connections share it

        def peer(link: Link) -> TwilsockPeer:
            return TwilsockPeer(link, self._services, public_url)

        return Accept(peer=peer, subprotocol=None, text=False, max_message=FRAME_MAX, protocol="twilsock")

    def _allowed(self, origin: str) -> bool:
        return self._origins is None or any(fnmatchcase(origin, pattern) for pattern in self._origins)
