"""A broker with somebody who listens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from chatcore.broker.cluster import ClusterBroker
from chatcore.broker.opening import broker_at
from chatcore.broker.redis import RedisBroker
from chatcore.domain.events import Announcement, Event, EventType, Topic
from tests.support.patience import until


@dataclass(slots=True)
class Node:
    broker: RedisBroker | ClusterBroker
    heard: list[Announcement] = field(default_factory=list)
    restored: int = 0

    def __post_init__(self) -> None:
        self.broker.connect(self.heard.append, self._count)

    def _count(self) -> None:
        assert self.broker.connected
        self.restored += 1

    async def hears(self, count: int) -> None:
        await until(lambda: len(self.heard) == count)

    def offsets(self) -> list[int]:
        return [event.offset for event in self.heard if isinstance(event, Event)]


@contextlib.asynccontextmanager
async def running(url: str, prefix: str, name: str, *, connected: bool = True) -> AsyncIterator[Node]:
    node = Node(broker_at(url, node=name, prefix=prefix))
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(node.broker.run())
        try:
            if connected:
                await until(lambda: node.broker.connected)
            yield node
        finally:
            task.cancel()
            await asyncio.wait([task])
            await node.broker.close()


def event(topic: Topic, offset: int, payload: bytes = b"{}") -> Event:
    return Event(topic=topic, offset=offset, type=EventType.MESSAGE_ADDED, payload=payload)
