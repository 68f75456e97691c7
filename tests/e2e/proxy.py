"""A TCP way to a node that can be cut without a word, held up, or led to another node."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.support.wire import BOTH, Address, Way, Wire


class Proxy(Wire):
    """A wire with a node behind it."""

    def __init__(self, node_url: str) -> None:
        super().__init__(address_of(node_url))

    @property
    def websocket(self) -> str:
        return f"ws://127.0.0.1:{self.port}/connection/websocket"

    def use(self, node_url: str) -> None:
        """Later connections go to this node."""
        self.target = address_of(node_url)

    def shut(self) -> None:
        """Cuts, and lets nobody through until `reopen`."""
        self.cut()
        self.hold(*BOTH)

    def reopen(self) -> None:
        self.heal()

    def mute(self) -> None:
        """The node hears the client, the client hears nothing, until `unmute`."""
        self.hold(Way.BACK)

    def unmute(self) -> None:
        self.heal()


def address_of(url: str) -> Address:
    parts = urlsplit(url)
    assert parts.hostname is not None, url
    assert parts.port is not None, url
    return Address(parts.hostname, parts.port)
