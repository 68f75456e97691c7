"""Headless Chromium, driven through its DevTools protocol."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import websockets

from tests.support.patience import PATIENCE

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_START = 30.0


class PageError(Exception):
    """A script in the page failed."""


class Page:
    """One tab."""

    def __init__(self, connection: websockets.ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._calls: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.log: list[str] = []
        """What the page wrote to its console."""
        self._reader = asyncio.create_task(self._read())  # owned: `close` awaits it

    async def open(self, url: str) -> None:
        """Returns once the page's own function `answer` is there."""
        await self._call("Runtime.enable")
        await self._call("Page.navigate", url=url)
        loaded = "new Promise((done) => document.readyState === 'complete' ? done() : addEventListener('load', done))"
        async with asyncio.timeout(PATIENCE):
            for _ in iter(lambda: False, True):
                await self._evaluate(loaded)
                if await self._evaluate("typeof answer") == "function":
                    return

    async def ask(self, op: str, **args: Any) -> Any:
        """What the page's `answer(op, args)` resolves to. Raises PageError."""
        return await self._evaluate(f"answer({json.dumps(op)}, {json.dumps(args)})")

    async def close(self) -> None:
        await self._connection.close()
        await self._reader

    async def _evaluate(self, expression: str) -> Any:
        answer = await self._call(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            allowUnsafeEvalBlockedByCSP=True,
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            said = details.get("exception", {}).get("description") or details.get("exception", {}).get("value")
            raise PageError(f"{said or details['text']}\n" + "\n".join(self.log[-20:]))
        return answer["result"].get("value")

    async def _call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        call = self._calls[number] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps({"id": number, "method": method, "params": params}))
        async with asyncio.timeout(PATIENCE):
            answer: dict[str, dict[str, Any]] = await call
        assert "error" not in answer, answer
        return answer["result"]

    async def _read(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            async for text in self._connection:
                message = json.loads(text)
                if (call := self._calls.pop(message.get("id", 0), None)) is not None:
                    call.set_result(message)
                elif message.get("method") == "Runtime.consoleAPICalled":
                    said = [str(each.get("value", each.get("description"))) for each in message["params"]["args"]]
                    self.log.append(" ".join(said))


@contextlib.asynccontextmanager
async def chromium(hosts: Mapping[str, str], home: Path) -> AsyncIterator[str]:
    """A browser that resolves `hosts` (name or pattern → address) as given and trusts what the certificate store in
    `home` trusts. The address of its DevTools."""
    program = next((found for name in _NAMES if (found := shutil.which(name))), None)
    assert program is not None, "Chromium is missing: apt-get install chromium (or leave browser tests out: BROWSER=0)"
    rules = ", ".join(f"MAP {name} {address}" for name, address in hosts.items())
    profile = Path(tempfile.mkdtemp(prefix="chat-browser-"))
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--no-proxy-server",
            "--no-first-run",
            f"--user-data-dir={profile}",
            f"--host-resolver-rules={rules}",
            "--remote-debugging-port=0",
            "--remote-allow-origins=*",
            "about:blank",
            env={"HOME": str(home), "PATH": "/usr/bin:/bin"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None, "it is a pipe"
        drain: asyncio.Task[bytes] | None = None
        try:
            address = await _address(process.stderr)
            drain = asyncio.create_task(process.stderr.read())
            yield address
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
            if drain is not None:
                await drain  # its children hold the pipe until they are gone
    finally:
        shutil.rmtree(profile, ignore_errors=True)


async def _address(said: asyncio.StreamReader) -> str:
    """Chromium tells where its DevTools listen."""
    async with asyncio.timeout(_START):
        async for line in said:
            found = re.search(rb"DevTools listening on ws://([0-9.:]+)/", line)
            if found is not None:
                return found[1].decode()
    raise AssertionError("Chromium ended before it was ready")


async def new_page(devtools: str) -> Page:
    """A fresh tab."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        target = (await http.put(f"http://{devtools}/json/new?about:blank")).json()
    connection = await websockets.connect(target["webSocketDebuggerUrl"], max_size=None, proxy=None)
    return Page(connection)
