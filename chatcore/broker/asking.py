"""Questions of this node that wait for answers of others."""

from __future__ import annotations

import asyncio
import itertools

from chatcore.broker.wire import Answer


class Asked:
    """One question. Whoever asked adds how many nodes were reached, the broker adds what they say."""

    def __init__(self, id_: int) -> None:
        self.id = id_
        self.answers: list[bytes] = []
        self._heard = 0
        self._reached: int | None = None
        self._complete = asyncio.Event()

    async def complete(self, reached: int) -> None:
        """Returns when as many nodes as were reached have spoken. They may do so before it is known how many."""
        self._reached = reached
        self._check()
        await self._complete.wait()

    def hear(self, answer: Answer) -> None:
        self._heard += 1
        if answer.text is not None:
            self.answers.append(answer.text)
        self._check()

    def _check(self) -> None:
        if self._reached is not None and self._heard >= self._reached:
            self._complete.set()


class Asking:
    """All of them, by id."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)
        self._open: dict[int, Asked] = {}

    def start(self) -> Asked:
        """Each must be ended."""
        asked = Asked(next(self._ids))
        self._open[asked.id] = asked
        return asked

    def end(self, asked: Asked) -> None:
        del self._open[asked.id]

    def hear(self, answer: Answer) -> None:
        """Late answers are dropped."""
        if (asked := self._open.get(answer.id)) is not None:
            asked.hear(answer)
