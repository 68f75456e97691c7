"""Writes what it would send: for development without providers."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from chatcore.domain.devices import PushType

from .outcomes import Outcome, Sent
from .port import Delivery, SendingCredential


class Recording:
    """Satisfies `port.Provider`. Appends one JSON line per push to `file`, which only its owner can read: texts and
    addresses are in it."""

    def __init__(self, file: Path, kinds: frozenset[PushType] = frozenset(PushType)) -> None:
        self.kinds = kinds
        self._file = file

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        line = msgspec.json.encode({"credential": credential.sid, **msgspec.to_builtins(delivery)})
        # Blocks: a few bytes, on a developer's machine. One write each, so lines of several workers do not mix.
        file = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line + b"\n")
        finally:
            os.close(file)
        return Sent()

    async def aclose(self) -> None: ...
