"""The official JavaScript library in a Node process, behind the common face."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from .sdk import Options
from .sdk_process import ProcessSdk, SdkProcess

_FOLDER = Path(__file__).with_name("js")


class JsProcess(SdkProcess):
    """It has the Node server library too."""

    @classmethod
    async def start(cls) -> Self:
        assert (_FOLDER / "node_modules").is_dir(), f"run `npm ci` in {_FOLDER} first (`make setup-dev` does)"
        return await cls.spawn(["node", "driver.mjs"], _FOLDER)

    def face(self, name: str, options: Options) -> JsSdk:
        return JsSdk(self, name, options)


class JsSdk(ProcessSdk):
    """With what the other libraries have no word for, or what they leave to chance."""

    async def send(self, data: Any) -> None:
        """A command without a reply; the Python library has none."""
        await self.ask("send", data=data)

    async def together(self, calls: list[tuple[str, Any]]) -> list[Mapping[str, Any]]:
        """Several calls in one frame; each answer is {"result"} or {"error": code}."""
        answers = await self.ask("together", calls=calls)
        assert isinstance(answers, list)
        return answers
