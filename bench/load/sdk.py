"""A Twilio client SDK in a Node process, started again and again."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_HERE = Path(__file__)
_PACKAGES = _HERE.parents[2] / "tests" / "e2e" / "js"
_SHORT, _END = 20.0, 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Seconds from `create` on, by the clock of the Node process."""

    ready: float
    joined: float


class Sdk:
    """One version, one client at a time. Runs while it is entered."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        if shutil.which("node") is None or not (_PACKAGES / "node_modules" / self._version).is_dir():
            raise FileNotFoundError("the SDKs are not installed: `make setup-dev` (needs Node 20 or newer)")
        self._process = await asyncio.create_subprocess_exec(
            "node",
            str(_HERE.with_name("sdk.mjs")),
            self._version,
            str(_PACKAGES / "package.json"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._running()
        assert process.stdin is not None, "piped"
        process.stdin.close()
        try:
            async with asyncio.timeout(_END):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def start(self, url: str, token: str, channels: int, patience: float) -> Started:
        """Returns when all channels are joined; the client lives until `stop`."""
        answer = await self._ask({"start": {"uri": url, "token": token, "channels": channels}}, patience)
        return Started(ready=answer["ready"], joined=answer["joined"])

    async def stop(self) -> None:
        await self._ask({"stop": True}, _SHORT)

    async def _ask(self, command: dict[str, Any], patience: float) -> dict[str, Any]:
        process = self._running()
        assert process.stdin is not None, "piped"
        assert process.stdout is not None, "piped"
        process.stdin.write(json.dumps(command).encode() + b"\n")
        try:
            async with asyncio.timeout(patience):
                line = await process.stdout.readline()
        except TimeoutError:
            raise TimeoutError(f"{self._version} did not come to an end within {patience:.0f} s") from None
        if not line:
            raise ConnectionError(f"the Node process of {self._version} ended")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise RuntimeError(f"{self._version}: {answer['failed']}")
        return answer

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "entered"
        return self._process
