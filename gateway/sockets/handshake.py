"""The opening handshake: request head in, response bytes out. RFC 6455 itself is left to the websockets library."""

from __future__ import annotations

from collections.abc import Sequence

from websockets.extensions.base import ServerExtensionFactory
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request, Response
from websockets.protocol import OPEN, SERVER, Protocol
from websockets.server import ServerProtocol

from .endpoint import Accept, Handshake, HeaderMap, Reject

DEFLATE: Sequence[ServerExtensionFactory] = (
    # No context is kept between messages: idle connections cost no memory, and frames may be built in any order.
    ServerPerMessageDeflateFactory(
        server_no_context_takeover=True,
        client_no_context_takeover=True,
        server_max_window_bits=12,
        client_max_window_bits=12,
        compress_settings={"memLevel": 5},
    ),
)


_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BadHead(Exception):
    """Not a request head the library accepts; `answer` is what to say to that."""

    def __init__(self, answer: bytes) -> None:
        super().__init__("bad request head")
        self.answer = answer


class Opening:
    """One upgrade request, until it is answered."""

    def __init__(self, head: bytes, *, client: str, secure: bool, compression: bool) -> None:
        self._library = ServerProtocol(extensions=DEFLATE if compression else None, max_size=None)
        # What follows the head would be taken for frames before the library is asked whether it accepts.
        self._library.receive_data(head[: head.find(b"\r\n\r\n") + 4] or head)
        events = self._library.events_received()
        if not events or not isinstance(events[0], Request):
            raise BadHead(b"".join(self._library.data_to_send()) or _BAD_REQUEST)
        self._request = events[0]
        path, _, query = self._request.path.partition("?")
        self.handshake = Handshake(
            path=path,
            query=query,
            headers=HeaderMap(self._request.headers.raw_items()),
            client=client,
            secure=secure,
        )

    def check(self) -> bytes | None:
        """None when the request is a valid upgrade, else the refusal: 400, 405 or 426."""
        headers = self._request.headers
        # Older Centrifuge SDKs for Python offer an empty list, which the library takes for a syntax error.
        if "Sec-WebSocket-Protocol" in headers and not self.handshake.subprotocols:
            del headers["Sec-WebSocket-Protocol"]
        response = self._library.accept(self._request)
        if response.status_code != 101:
            return self._sent(response)
        self._response = response
        return None

    def refuse(self, reject: Reject) -> bytes:
        response = self._library.reject(reject.status, reject.body)
        for name, value in reject.headers:
            if name in response.headers:
                del response.headers[name]
            response.headers[name] = value
        return self._sent(response)

    def accept(self, accept: Accept) -> tuple[bytes, Protocol]:
        """The 101 response, and the parser of what follows. Only after `check`.

        The parser is a fresh one: the library's own would hold the request, about as large as everything else an idle
        connection needs, for as long as the connection lives.
        """
        if accept.subprotocol is not None:
            self._response.headers["Sec-WebSocket-Protocol"] = accept.subprotocol
        wire = Protocol(SERVER, state=OPEN, max_size=accept.max_message)
        wire.extensions = self._library.extensions
        return self._sent(self._response), wire

    def _sent(self, response: Response) -> bytes:
        self._library.send_response(response)
        self._library.parser.close()  # a cycle, which the collector would have to find
        return b"".join(self._library.data_to_send())
