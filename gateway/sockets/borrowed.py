"""The socket below a transport, for frames that go out as they are."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable


class _Borrowed(socket.socket):
    """A second object for a descriptor that the transport owns, and that it must not close."""

    def __del__(self) -> None:
        self.detach()


def sender(transport: asyncio.Transport) -> Callable[[bytes], int] | None:
    """`send` of the transport's socket, where bytes go out as they are. Only until the connection is lost: right after
    that the transport closes the descriptor, which may then be somebody else's."""
    known = transport.get_extra_info("socket")
    if known is None or transport.get_extra_info("sslcontext") is not None:
        return None
    return _Borrowed(known.family, known.type, known.proto, fileno=known.fileno()).send
