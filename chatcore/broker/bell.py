"""Tells workers that jobs wait, so that they need not poll often: an empty message on one channel.

Whoever rings has committed already, so nothing is lost with a ring: workers poll besides. In a cluster one master has
the channel, and the connection leads there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from chatcore.broker.topics import PREFIX, ChannelNames, ShardChannelNames
from chatcore.domain.events import Topic
from chatcore.resp.address import Address, is_cluster, parse, parse_cluster
from chatcore.resp.link import Link, Replies, dial, ignored, pack, refusal
from chatcore.resp.topology import survey

logger = logging.getLogger(__name__)

_TOPIC: Final = Topic("jobs")
INTERVAL: Final = 0.02
"""Seconds between two rings of one process, at least."""
_RETRY: Final = 2.0
_PING: Final = 5.0


class Bell:
    """`ring` works while `run` does. `heard` is called for every ring of any process, and when the connection came back
    after a loss; without it this process only rings."""

    def __init__(self, url: str, *, node: str, heard: Callable[[], None] | None = None, prefix: str = PREFIX) -> None:
        self._node = node
        self._heard = heard
        self._seeds: tuple[Address, ...] = ()  # of a cluster
        if is_cluster(url):
            self._seeds = parse_cluster(url)
            self._partition, self._channel = ShardChannelNames(prefix).place(_TOPIC)
        else:
            self._address = parse(url)
            self._channel = ChannelNames(prefix, self._address.db).channel(_TOPIC)
        self._link: Link | None = None  # while connected
        self._due: asyncio.TimerHandle | None = None
        self._quiet_until = 0.0

    def ring(self) -> None:
        """After a commit that wrote jobs. Costs next to nothing when called often; never raises, never waits."""
        if self._due is not None or self._link is None:
            return
        loop = asyncio.get_running_loop()
        self._due = loop.call_at(max(loop.time(), self._quiet_until), self._ring)

    async def run(self) -> None:
        """Keeps the connection until cancelled."""
        away = False
        while True:
            try:
                self._link = link = await self._dial()
                if self._heard is not None:
                    async with asyncio.timeout(_RETRY):
                        await (link.ssubscribe if self._seeds else link.subscribe)([self._channel])
                    self._heard()
                away = False
                await self._watch(link)
            except (ConnectionError, TimeoutError) as error:
                if not away:
                    logger.warning("Jobs are only polled for: %s", error, extra={"action": "bell_unavailable"})
                away = True
            finally:
                if self._link is not None:
                    self._link.abort()
                    self._link = None
            await asyncio.sleep(_RETRY)

    async def _dial(self) -> Link:
        if self._seeds:
            owner = (await survey((), self._seeds))[self._partition]
            if owner is None:
                raise ConnectionError("nobody serves a part of the cluster")
            self._address = owner
        return await dial(self._address, self._hear, self._dropped, name=f"chat-bell-{self._node}")

    async def _watch(self, link: Link) -> None:
        """Returns when the connection is lost; cuts one that has fallen silent."""
        while not link.lost.done() and await link.answers(_RETRY):
            await asyncio.wait([link.lost], timeout=_PING)

    def _hear(self, _channel: bytes, _payload: bytes) -> None:
        if self._heard is not None:
            self._heard()

    def _dropped(self, _channel: bytes) -> None:
        """The channel has gone to another server."""
        if self._link is not None:
            self._link.abort()

    def _ring(self) -> None:
        self._due = None
        self._quiet_until = asyncio.get_running_loop().time() + INTERVAL
        if (link := self._link) is not None:
            command = b"SPUBLISH" if self._seeds else b"PUBLISH"
            rung = ignored(link.attempt(pack((command, self._channel, b"")), 1))
            if self._seeds:
                rung.add_done_callback(lambda done: self._rung(link, done))

    def _rung(self, link: Link, done: asyncio.Future[Replies]) -> None:
        if not done.cancelled() and done.exception() is None and refusal(done.result()[0]):
            link.abort()
