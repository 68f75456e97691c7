"""The official Go library behind the common face."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from .sdk_process import SdkProcess

_FOLDER = Path(__file__).with_name("go")


class GoProcess(SdkProcess):
    @classmethod
    async def start(cls) -> Self:
        assert (_FOLDER / "driver").is_file(), "run `make e2e-all`: it builds the driver first"
        return await cls.spawn(["./driver"], _FOLDER)
