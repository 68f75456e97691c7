"""The official Java library, the one of Android apps, behind the common face. It speaks Protobuf only."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from .sdk_process import SdkProcess

_FOLDER = Path(__file__).with_name("java")


class JavaProcess(SdkProcess):
    @classmethod
    async def start(cls) -> Self:
        assert (_FOLDER / "target/lib").is_dir(), "run `make e2e-all`: it builds the driver first"
        return await cls.spawn(["java", "-cp", "target/classes:target/lib/*", "driver.Main"], _FOLDER)
