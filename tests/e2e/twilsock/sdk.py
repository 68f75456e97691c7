"""The Twilio client SDKs in Node processes, one per version, behind one vocabulary.

What clients may be asked is the table at the end of `js/twilio-face.mjs`; results and events are the plain values of
`js/twilio-values.mjs`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.support.patience import PATIENCE

_FOLDER = Path(__file__).parent.with_name("js")
_LINE_MAX = 16 * 1024 * 1024
_END = 10.0

VERSIONS: Final = (
    "chat-3.4",
    "chat-4.1",
    "chat-5.0",
    "chat-6.0",
    "conversations-1.2",
    "conversations-2.6",
    "conversations-3.0",
)
"""Aliases of the npm packages."""

CHAT: Final = tuple(version for version in VERSIONS if version.startswith("chat"))
CONVERSATIONS: Final = tuple(version for version in VERSIONS if version.startswith("conversations"))
LISTS: Final = ("chat-3.4", "chat-4.1", "conversations-1.2")
"""Those that send commands as items of a list."""

LATEST: Final = ("chat-6.0", "conversations-2.6", "conversations-3.0")
"""Those that register for notifications in `init`."""

Json = dict[str, Any]


class Refused(Exception):
    """An operation failed. `code` is of the answer's body where there is one, `status` of the answer."""

    def __init__(self, code: int | str, status: int, message: str) -> None:
        super().__init__(f"{code} ({status}) {message}")
        self.code = code
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Happening:
    name: str
    data: Json


@dataclass(slots=True)
class Client:
    """One client of one version. `seen` keeps everything that happened, in order; `take` consumes."""

    process: SdkProcess
    name: str
    seen: list[Happening] = field(default_factory=list)
    _fresh: list[Happening] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def version(self) -> str:
        return self.process.version

    async def ask(self, op: str, **args: Any) -> Any:
        """The result. Raises Refused."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.call(self.name, op, **args)

    def start(self, op: str, **args: Any) -> None:
        """As `ask`, but nobody waits for the result: some promises of the SDKs are never kept."""
        self.process.post(self.name, op, **args)

    async def ready(self) -> None:
        """Returns once the SDK calls itself so. Raises Refused."""
        await self.ask("ready")

    async def take(self, event: str, fits: Callable[[Json], object] = lambda _: True, **wanted: object) -> Json:
        """The first such event with the wanted fields that was not taken yet; others stay for later."""

        def search() -> Happening | None:
            for each in self._fresh:
                if each.name == event and wanted.items() <= each.data.items() and fits(each.data):
                    return each
            return None

        try:
            await self.until(search)
        except TimeoutError:
            raise AssertionError(f"{self.version}: no {event}; last seen: {self.seen[-12:]}") from None
        found = search()
        assert found is not None, "it was waited for"
        self._fresh = [each for each in self._fresh if each is not found]
        return found.data

    def forget(self) -> None:
        """What happened so far is not waited for."""
        self._fresh.clear()

    def of(self, event: str) -> list[Json]:
        """All events with this name so far, taken or not."""
        return [each.data for each in self.seen if each.name == event]

    async def until(self, condition: Callable[[], object], deadline: float = PATIENCE) -> None:
        """Waits for a condition that only this client's events change. Raises TimeoutError."""
        async with asyncio.timeout(deadline):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def heard(self, event: str, count: int) -> None:
        """Returns once there were exactly so many events with this name. Raises TimeoutError."""
        await self.until(lambda: len(self.of(event)) == count)

    def put(self, happening: Happening) -> None:
        self.seen.append(happening)
        self._fresh.append(happening)
        self._news.set()


class SdkProcess:
    """A Node process with any number of clients of one version."""

    def __init__(self, version: str, process: asyncio.subprocess.Process) -> None:
        self.version = version
        self._process = process
        self._ids = itertools.count(1)
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._clients: dict[str, Client] = {}
        self._reader = asyncio.create_task(self._read())  # owned: `stop` awaits it

    @classmethod
    async def start(cls, version: str) -> SdkProcess:
        assert (_FOLDER / "node_modules" / version).is_dir(), f"run `npm ci` in {_FOLDER} first"
        process = await asyncio.create_subprocess_exec(
            "node",
            "twilio.mjs",
            version,
            cwd=_FOLDER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=None if os.environ.get("DEBUG") else asyncio.subprocess.DEVNULL,
            limit=_LINE_MAX,
        )
        return cls(version, process)

    async def stop(self) -> None:
        assert self._process.stdin is not None, "piped"
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_END):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader

    async def client(self, uri: str, token: str, **options: Any) -> Client:
        """Begins to connect; see `Client.ready`. Options are the SDK's own."""
        name = f"c{len(self._clients)}"
        found = self._clients[name] = Client(self, name)
        await self.call(name, "create", token=token, uri=uri, options=options)
        return found

    async def call(self, client: str, op: str, **args: Any) -> Any:
        number = self.post(client, op, **args)
        self._calls[number] = asyncio.get_running_loop().create_future()
        return await self._calls[number]

    def post(self, client: str, op: str, **args: Any) -> int:
        """The number of the call, whose answer is dropped unless it is waited for."""
        assert self._process.stdin is not None, "piped"
        number = next(self._ids)
        message = {"id": number, "client": client, "op": op, "args": args}
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        return number

    async def _read(self) -> None:
        assert self._process.stdout is not None, "piped"
        try:
            async for line in self._process.stdout:
                self._handle(json.loads(line))
        finally:
            for call in self._calls.values():
                if not call.done():
                    call.set_exception(Refused(-1, 0, "the Node process ended"))

    def _handle(self, message: Mapping[str, Any]) -> None:
        if "event" in message:
            self._clients[message["client"]].put(Happening(message["event"], message["data"]))
            return
        call = self._calls.pop(message["id"], None)
        if call is None or call.done():
            return
        if "error" in message:
            call.set_exception(Refused(**message["error"]))
        else:
            call.set_result(message["result"])
