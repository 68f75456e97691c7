"""Commands of one node, and workers that drain the outbox, over a database that only this test uses."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from chatcore.domain.ids import AccountSid, WebhookSid, new_sid
from chatcore.domain.model import Actor, Channel
from chatcore.domain.webhooks import ChannelWebhook, Vocabulary, WebhookType
from chatcore.store.outbox import Queue
from chatcore.webhooks.calls import HttpCalls
from chatcore.webhooks.client import Client
from push.messaging import Deliveries, Delivery
from push.webhooks import PostEvents
from push.worker import Worker
from tests.integration.commands.world import World
from tests.support.patience import PATIENCE

AUTH_TOKEN = "0123456789abcdef0123456789abcdef"
POLL = 0.05


class Gateway:
    def __init__(self) -> None:
        self.delivered: list[Delivery] = []

    async def deliver(self, delivery: Delivery) -> None:
        self.delivered.append(delivery)


@dataclass(slots=True)
class Office:
    """Workers and what they count."""

    world: World
    client: Client
    counted: Counter[str] = field(default_factory=Counter)
    gateway: Gateway = field(default_factory=Gateway)
    workers: int = 0

    @contextlib.asynccontextmanager
    async def working(self, *, poll: float = POLL) -> AsyncIterator[Worker]:
        """One worker; it stops in order."""
        self.workers += 1
        events = PostEvents(
            HttpCalls(self.client, _auth_token),
            self.world.chat.services.settings,
            self.world.store.read.channel_webhooks,
            self._count,
        )
        queue = Queue(self.world.pool, f"worker {self.workers}")
        worker, stopping = Worker(queue, [events, Deliveries(self.gateway)], poll=poll), asyncio.Event()
        task = asyncio.create_task(worker.run(stopping))
        try:
            yield worker
        finally:
            assert not task.done()
            stopping.set()
            await task

    def _count(self, outcome: str) -> None:
        self.counted[outcome] += 1

    # Targets.

    async def service_target(self, url: str, *filters: str, **fields: Any) -> None:  # Any: fields of a service
        await self.world.configure(post_webhook_url=url, webhook_filters=filters, **fields)

    async def account_target(self, url: str, *filters: str) -> None:
        await self.world.pool.execute(
            "UPDATE accounts SET post_webhook_url = $2, webhook_filters = $3 WHERE sid = $1",
            self.world.service.account_sid,
            url,
            list(filters),
        )

    async def scoped_target(self, channel: Channel, url: str, *filters: str, **fields: Any) -> ChannelWebhook:
        """Any: fields of a channel's webhook."""
        webhook = replace(scoped(channel, url, filters), **fields)
        async with self.world.store.transaction() as tx:
            await tx.channel_webhooks.insert(webhook)
            (held,) = (await tx.channels.lock([channel.sid])).values()
            await tx.channels.save(replace(held, webhooks_count=held.webhooks_count + 1))
        return webhook

    # What is left.

    async def rows(self, table: str = "outbox") -> list[dict[str, Any]]:
        return [dict(row) for row in await self.world.pool.fetch(f"SELECT * FROM {table} ORDER BY id")]

    async def drained(self) -> None:
        await eventually(self._empty)

    async def _empty(self) -> bool:
        return not await self.world.pool.fetchval("SELECT EXISTS (SELECT 1 FROM outbox)")


async def _auth_token(sid: AccountSid) -> str | None:
    return AUTH_TOKEN


def scoped(channel: Channel, url: str, filters: tuple[str, ...]) -> ChannelWebhook:
    return ChannelWebhook(
        sid=WebhookSid(new_sid("WH")),
        service_sid=channel.service_sid,
        channel_sid=channel.sid,
        vocabulary=Vocabulary.CHAT,
        type=WebhookType.WEBHOOK,
        url=url,
        method="POST",
        filters=filters,
        triggers=(),
        flow_sid=None,
        retry_count=0,
        replay_after=None,
        date_created=channel.date_created,
        date_updated=channel.date_created,
    )


def asking(actor: Actor) -> Actor:
    """A REST caller that wants webhooks to be told."""
    return replace(actor, webhooks=True)


async def eventually(check: Callable[[], Awaitable[object]], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not await check():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(0.005)
