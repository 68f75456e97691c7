"""An HTTP server that is called by webhooks: it remembers what it heard and answers, or misbehaves, as told."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator

from tests.support.patience import PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request. `url` is the one that was called."""

    method: str
    url: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    connection: int
    """Which of the receiver's connections it came on."""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Parameters in the order in which they came."""
        text = urlsplit(self.url).query if self.method == "GET" else self.body.decode()
        return parse_qsl(text, keep_blank_values=True)

    @property
    def parameters(self) -> dict[str, str]:
        return dict(self.pairs)

    def is_signed_by(self, auth_token: str) -> bool:
        """The judgement of the official library."""
        parameters = self.parameters if self.method == "POST" else {}
        signature = self.headers["x-twilio-signature"]
        return bool(RequestValidator(auth_token).validate(self.url, parameters, signature))


@dataclass(frozen=True, slots=True)
class Say:
    """A proper answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Raw:
    """These bytes, then the end of the connection; nothing at all is a connection that ends."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is torn down."""


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer until the other side gives up."""


@dataclass(frozen=True, slots=True)
class Flood:
    """An answer without end."""


Reaction = Say | Raw | Reset | Hang | Flood
OK: Final = Say()


class Receiver:
    """`react` decides; the default is an empty 200."""

    def __init__(self, scheme: str = "http") -> None:
        self.heard: list[Heard] = []
        self.react: Callable[[Heard], Reaction] = lambda _: OK
        self.port = 0
        self._scheme = scheme
        self._connections = 0
        self._news = asyncio.Event()

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}{path}"

    def answers(self, *reactions: Reaction) -> None:
        """In turn; the last one again and again."""
        rest = list(reactions)
        self.react = lambda _: rest.pop(0) if len(rest) > 1 else rest[0]

    def events(self) -> list[str]:
        return [heard.parameters["EventType"] for heard in self.heard]

    async def until(self, condition: Callable[[], object], patience: float = PATIENCE) -> None:
        """Waits for a condition that only requests change."""
        end = time.monotonic() + patience
        while not condition():
            self._news.clear()
            left = end - time.monotonic()
            assert left > 0, f"it did not come true; heard: {[h.pairs for h in self.heard][-10:]}"
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._news.wait()

    async def request(self, number: int = 0) -> Heard:
        await self.until(lambda: len(self.heard) > number)
        return self.heard[number]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        try:
            while (heard := await self._read(reader, number)) is not None:
                self.heard.append(heard)
                reaction = self.react(heard)
                self._news.set()
                if not await _react(reaction, reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Heard | None:
        line = await reader.readline()
        if not line:
            return None
        method, path, _ = line.decode("latin-1").split(" ")
        headers = {}
        while (line := (await reader.readline()).rstrip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        url = f"{self._scheme}://{headers['host']}{path}"
        return Heard(method=method, url=url, headers=headers, body=body, connection=number)


async def _react(reaction: Reaction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection goes on."""
    match reaction:
        case Say(status, body, headers):
            lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + body)
            await writer.drain()
            return True
        case Raw(data):
            writer.write(data)
            await writer.drain()
        case Reset():
            writer.transport.abort()
        case Hang():
            await reader.read(1)  # returns when the other side hangs up
        case Flood():
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                writer.write(b"{" * 65536)
                await writer.drain()
    return False


@contextlib.asynccontextmanager
async def receiver(*, port: int = 0, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    made = Receiver("http" if tls is None else "https")
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(made.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", port, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
