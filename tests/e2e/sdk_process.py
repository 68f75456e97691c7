"""An official library in a process of its own, driven over JSON lines, behind the common face.

What is said on the lines stands at the top of js/driver.mjs.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from .feed import Feed, Happening
from .sdk import CallRefused, Options, Position, Presence, Stretch

_LINE_MAX = 16 * 1024 * 1024
_END = 10.0


class SdkProcess:
    """One process with any number of clients."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._clients: dict[str, ProcessSdk] = {}
        self._reader = asyncio.create_task(self._read())  # owned: `stop` awaits it

    @classmethod
    async def start(cls) -> Self:
        """Those of a library know their program."""
        raise NotImplementedError

    @classmethod
    async def spawn(cls, argv: Sequence[str], folder: Path) -> Self:
        process = await asyncio.create_subprocess_exec(
            *argv, cwd=folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=_LINE_MAX
        )
        return cls(process)

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

    async def client(self, options: Options, *, protobuf: bool) -> ProcessSdk:
        name = f"c{len(self._clients)}"
        sdk = self._clients[name] = self.face(name, options)
        data = {"websocket": options.websocket, "protobuf": protobuf, "data": options.data}
        await self.call(name, "create", **data)
        return sdk

    def face(self, name: str, options: Options) -> ProcessSdk:
        """What a client of this library looks like."""
        return ProcessSdk(self, name, options)

    async def call(self, client: str, op: str, **args: Any) -> Any:
        number = next(self._ids)
        self._calls[number] = asyncio.get_running_loop().create_future()
        self._write({"id": number, "client": client, "op": op, "args": args})
        return await self._calls[number]

    def _write(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None, "piped"
        self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None, "piped"
        try:
            async for line in self._process.stdout:
                self._handle(json.loads(line))
        finally:
            for call in self._calls.values():
                if not call.done():
                    call.set_exception(CallRefused(-1, "the process ended"))

    def _handle(self, message: Mapping[str, Any]) -> None:
        if "event" in message:
            self._clients[message["client"]].feed.put(Happening(**message["event"]))
        elif "ask" in message:
            answer = self._clients[message["client"]].answer(message.get("state"))
            self._write({"answer": message["ask"], **answer})
        elif "error" in message:
            self._calls.pop(message["id"]).set_exception(CallRefused(**message["error"]))
        else:
            self._calls.pop(message["id"]).set_result(message["result"])


class SdkProcesses:
    """One process of each library, from its first client on."""

    def __init__(self, starts: Mapping[str, Callable[[], Awaitable[SdkProcess]]]) -> None:
        self._starts = starts
        self._running: dict[str, SdkProcess] = {}

    async def of(self, library: str) -> SdkProcess:
        if library not in self._running:
            self._running[library] = await self._starts[library]()
        return self._running[library]

    async def stop(self) -> None:
        for process in self._running.values():
            await process.stop()


class ProcessSdk:
    """One client in the process."""

    def __init__(self, process: SdkProcess, name: str, options: Options) -> None:
        self.feed = Feed()
        self._process = process
        self._name = name
        self._options = options
        self._states: dict[str, Callable[[], Position]] = {}

    def answer(self, channel: str | None) -> Mapping[str, Any]:
        if channel is None:
            return {"token": self._options.token()}
        return {"state": asdict(self._states[channel]())}

    async def connect(self) -> None:
        await self.ask("connect")

    async def disconnect(self) -> None:
        await self.ask("disconnect")

    async def rpc(self, method: str, params: Any) -> Any:
        return await self.ask("rpc", method=method, params=params)

    async def publish(self, channel: str, data: Any) -> None:
        await self.ask("publish", channel=channel, data=data)

    async def subscribe(self, channel: str, state: Callable[[], Position] | None = None) -> None:
        if state is not None:
            self._states[channel] = state
        await self.ask("subscribe", channel=channel, state=state is not None)

    async def unsubscribe(self, channel: str) -> None:
        await self.ask("unsubscribe", channel=channel)

    async def history(
        self, channel: str, *, limit: int = 0, since: Position | None = None, reverse: bool = False
    ) -> Stretch:
        position = {} if since is None else {"since": asdict(since)}
        found = await self.ask("history", channel=channel, limit=limit, reverse=reverse, **position)
        publications = [Happening(**each) for each in found["publications"]]
        return Stretch(publications=publications, offset=found["offset"], epoch=found["epoch"])

    async def presence(self, channel: str) -> Mapping[str, Presence]:
        found = await self.ask("presence", channel=channel)
        return {client: Presence(**each) for client, each in found.items()}

    async def presence_stats(self, channel: str) -> tuple[int, int]:
        clients, users = await self.ask("presence_stats", channel=channel)
        return clients, users

    async def ask(self, op: str, **args: Any) -> Any:
        return await self._process.call(self._name, op, **args)
