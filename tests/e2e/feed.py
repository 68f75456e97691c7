"""What a client reports, in order, and how a test waits for it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.patience import PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One callback of an SDK. `data` is the JSON of a publication, or of a connect or subscribe result."""

    kind: str
    """connecting, connected, disconnected, error, subscribing, subscribed, unsubscribed or publication."""
    channel: str = ""
    data: Any = None  # whatever JSON the server sent
    offset: int = 0
    epoch: str = ""
    code: int = 0
    reason: str = ""
    client: str = ""
    recovered: bool = False
    was_recovering: bool = False

    @property
    def type(self) -> str:
        """Of the chat event in a publication."""
        return str(self.data["type"]) if self.kind == "publication" else ""


@dataclass(slots=True)
class Feed:
    """Everything that happened to one client; `take` consumes, `seen` keeps."""

    seen: list[Happening] = field(default_factory=list)
    _fresh: list[Happening] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, happening: Happening) -> None:
        self.seen.append(happening)
        self._fresh.append(happening)
        self._news.set()

    def forget(self) -> None:
        """What happened so far is not waited for."""
        self._fresh.clear()

    async def take(self, kind: str, channel: str | None = None, *, code: int | None = None) -> Happening:
        """The first one of this kind that was not taken yet; others stay for later."""

        def fits(happening: Happening) -> bool:
            return (
                happening.kind == kind
                and channel in (None, happening.channel)
                and (code is None or happening.code == code)
            )

        return await self._take(fits, f"{kind} {channel or ''} {'' if code is None else code}")

    async def event(self, channel: str, type_: str) -> dict[str, Any]:
        """The data of the next chat event of this type in this channel."""

        def fits(happening: Happening) -> bool:
            return happening.kind == "publication" and happening.channel == channel and happening.type == type_

        data = (await self._take(fits, f"{type_} on {channel}")).data
        assert isinstance(data, dict)
        return data

    async def until(self, condition: Callable[[], object], deadline: float = PATIENCE) -> None:
        """Waits for a condition that only this client's happenings change."""
        async with asyncio.timeout(deadline):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def each(self) -> AsyncIterator[Happening]:
        """Everything from the beginning on, for as long as somebody listens."""
        for at in itertools.count():
            while at >= len(self.seen):
                self._news.clear()
                await self._news.wait()
            yield self.seen[at]

    def publications(self, channel: str) -> list[Happening]:
        return [h for h in self.seen if h.kind == "publication" and h.channel == channel]

    def offsets(self, channel: str) -> list[int]:
        return [h.offset for h in self.publications(channel)]

    def types(self, channel: str) -> list[str]:
        return [h.type for h in self.publications(channel)]

    def count(self, kind: str) -> int:
        return sum(h.kind == kind for h in self.seen)

    async def _take(self, fits: Callable[[Happening], bool], wanted: str) -> Happening:
        found: list[Happening] = []

        def search() -> bool:
            found.extend(h for h in self._fresh if fits(h))
            return bool(found)

        try:
            await self.until(search)
        except TimeoutError:
            raise AssertionError(f"no {wanted.strip()}; last seen: {self.seen[-12:]}") from None
        # Happenings are compared by identity: two of them may be equal.
        self._fresh = [h for h in self._fresh if h is not found[0]]
        return found[0]
