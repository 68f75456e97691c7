"""Writes what it would send: for development without providers."""

from __future__ import annotations

from pathlib import Path

import msgspec

from chatcore.domain.devices import PushType

from .outcomes import Outcome, Sent
from .port import Delivery, SendingCredential


class Recording:
    """Satisfies `port.Provider`. Appends one JSON line per push to `file`; texts and addresses are in it."""

    def __init__(self, file: Path, kinds: frozenset[PushType] = frozenset(PushType)) -> None:
        self.kinds = kinds
        self._file = file

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        line = msgspec.json.encode({"credential": credential.sid, **msgspec.to_builtins(delivery)})
        with self._file.open("ab") as file:  # blocks: a few bytes, on a developer's machine
            file.write(line + b"\n")
        return Sent(delivery.push_id)

    async def aclose(self) -> None: ...
