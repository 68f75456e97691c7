"""The official JavaScript library in a Node process, behind the common face."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .feed import Feed, Happening
from .sdk import CallRefused, Options, Position, Presence, Stretch

_FOLDER = Path(__file__).with_name("js")
_LINE_MAX = 16 * 1024 * 1024
_END = 10.0


class JsProcess:
    """One Node process with any number of clients, and the Node server library."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self._clients: dict[str, JsSdk] = {}
        self._reader = asyncio.create_task(self._read())  # owned: `stop` awaits it

    @classmethod
    async def start(cls) -> JsProcess:
        assert (_FOLDER / "node_modules").is_dir(), f"run `npm ci` in {_FOLDER} first (`make setup-dev` does)"
        process = await asyncio.create_subprocess_exec(
            "node",
            "driver.mjs",
            cwd=_FOLDER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LINE_MAX,
        )
        return cls(process)

    async def stop(self) -> None:
        assert self._process.stdin is not None, "piped"
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), _END)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader

    async def client(self, options: Options, *, protobuf: bool) -> JsSdk:
        name = f"c{len(self._clients)}"
        sdk = self._clients[name] = JsSdk(self, name, options)
        data = {"websocket": options.websocket, "protobuf": protobuf, "data": options.data}
        await self.call(name, "create", **data)
        return sdk

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
                    call.set_exception(CallRefused(-1, "the Node process ended"))

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


class JsSdk:
    """One client in the process."""

    def __init__(self, process: JsProcess, name: str, options: Options) -> None:
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
        await self._call("connect")

    async def disconnect(self) -> None:
        await self._call("disconnect")

    async def rpc(self, method: str, params: Any) -> Any:
        return await self._call("rpc", method=method, params=params)

    async def send(self, data: Any) -> None:
        """A command without a reply; the Python library has none."""
        await self._call("send", data=data)

    async def together(self, calls: list[tuple[str, Any]]) -> list[Mapping[str, Any]]:
        """Several calls in one frame; each answer is {"result"} or {"error": code}."""
        answers = await self._call("together", calls=calls)
        assert isinstance(answers, list)
        return answers

    async def publish(self, channel: str, data: Any) -> None:
        await self._call("publish", channel=channel, data=data)

    async def subscribe(self, channel: str, state: Callable[[], Position] | None = None) -> None:
        if state is not None:
            self._states[channel] = state
        await self._call("subscribe", channel=channel, state=state is not None)

    async def unsubscribe(self, channel: str) -> None:
        await self._call("unsubscribe", channel=channel)

    async def history(
        self, channel: str, *, limit: int = 0, since: Position | None = None, reverse: bool = False
    ) -> Stretch:
        position = {} if since is None else {"since": asdict(since)}
        found = await self._call("history", channel=channel, limit=limit, reverse=reverse, **position)
        publications = [Happening(**each) for each in found["publications"]]
        return Stretch(publications=publications, offset=found["offset"], epoch=found["epoch"])

    async def presence(self, channel: str) -> Mapping[str, Presence]:
        found = await self._call("presence", channel=channel)
        return {client: Presence(**each) for client, each in found.items()}

    async def presence_stats(self, channel: str) -> tuple[int, int]:
        clients, users = await self._call("presence_stats", channel=channel)
        return clients, users

    async def _call(self, op: str, **args: Any) -> Any:
        return await self._process.call(self._name, op, **args)
