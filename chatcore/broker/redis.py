"""Redis and Valkey pub/sub as the broker: one channel per topic, one connection per node.

Publishing clocks itself: a lone announcement leaves at once, and while one pipeline is under way the next one fills.
While the server is away, topics are only recorded and announcements wait in a bounded queue; the connection that comes
back first subscribes to everything, then publishes what waited, then reports that it was gone.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

from chatcore.broker.hearing import Hearing
from chatcore.broker.queue import PublishQueue
from chatcore.broker.topics import PREFIX, ChannelNames
from chatcore.broker.wire import Question, Said, encode
from chatcore.domain.events import Announcement, Topic
from chatcore.resp.address import parse
from chatcore.resp.link import Link, RefusedError, Replies, dial, ignored, pack

logger = logging.getLogger(__name__)

QUEUE_LIMIT: Final = 16 * 1024 * 1024
_FIRST_DELAY, _LAST_DELAY = 0.05, 2.0
_PING_INTERVAL: Final = 1.0
_SILENCE: Final = 2.0
"""Seconds without an answer after which a server that still holds the connection counts as gone."""
_ANSWER_SOON: Final = 1.0
_FAREWELL: Final = 1.0


class RedisBroker:
    """Satisfies `ports.broker.Broker`. `node` names the connection and must not be a secret."""

    def __init__(self, url: str, *, node: str, prefix: str = PREFIX) -> None:
        self._address = parse(url)
        self._node = node
        self._names = ChannelNames(prefix, self._address.db)
        self._hearing = Hearing(node, self._say)
        self._held = self._hearing.held
        self._queue = PublishQueue(QUEUE_LIMIT)
        self._link: Link | None = None  # greeted; None while away
        self._connected = False  # and everything held is subscribed
        self._was_away = False
        self._opening = asyncio.Lock()
        self._complaints: set[str] = set()  # logged in this outage

    # Wiring and life.

    def connect(self, on_announcement: Callable[[Announcement], None], on_restored: Callable[[], None]) -> None:
        self._hearing.on_announcement = on_announcement
        self._hearing.on_restored = on_restored

    def answer(self, responder: Callable[[Topic, bytes], bytes | None]) -> None:
        self._hearing.responder = responder

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def servers(self) -> tuple[int, int]:
        """How many servers are connected, and how many there are."""
        return int(self._connected), 1

    async def open(self) -> None:
        """Tries to connect once, a failure being logged: `run` goes on trying. A process that only publishes needs no
        `run`: `open`, `publish`, `close`."""
        await self._open()

    async def close(self) -> None:
        """Waits up to a second until what was published has left, then hangs up."""
        deadline = asyncio.get_running_loop().time() + _FAREWELL
        while self._queue and (link := self._link) is not None:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or not await link.answers(left):
                break
        if self._link is not None:
            self._link.abort()
            self._forget(self._link)

    async def run(self) -> None:
        """Keeps the connection until cancelled; `close` follows, after the last `publish`."""
        loop = asyncio.get_running_loop()
        delay = _FIRST_DELAY
        while True:
            began = loop.time()
            if self._connected or await self._open():
                await self._watch()
                if loop.time() - began > _LAST_DELAY:
                    delay = _FIRST_DELAY
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, _LAST_DELAY)

    async def ping(self) -> None:
        if not self._connected or self._link is None or not await self._link.answers(_ANSWER_SOON):
            raise ConnectionError(f"{self._address} does not answer")

    # Topics.

    async def subscribe(self, topics: Sequence[Topic]) -> None:
        """While the server is away, returns at once without a confirmation: `on_restored` will follow."""
        channels = [self._names.channel(topic) for topic in topics]
        self._held.update(zip(channels, topics, strict=True))
        if (link := self._link) is None or not channels:
            return
        try:
            await link.subscribe(channels)
        except RefusedError:
            for channel in channels:
                self._held.pop(channel, None)
            raise
        except ConnectionError:
            logger.debug("The server went away before it confirmed topics", extra={"action": "broker_unconfirmed"})

    async def unsubscribe(self, topics: Sequence[Topic]) -> None:
        """Does not wait for the server, and never fails."""
        channels = [channel for topic in topics if self._held.pop(channel := self._names.channel(topic), None)]
        if channels and self._link is not None:
            ignored(self._link.unsubscribe(channels))

    # Out.

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self._say([(announcement.topic, announcement) for announcement in announcements])

    async def ask(self, topic: Topic, question: bytes, *, patience: float) -> list[bytes]:
        """While the server is away only this node answers."""
        asked = self._hearing.asking.start()
        try:
            async with asyncio.timeout(patience):
                said = Question(id=asked.id, answer_to=self._hearing.answers_topic, text=question)
                if self._link is None:
                    raise ConnectionError
                # PUBLISH answers how many connections it reached. Each node has one.
                (reached,) = await self._link.call(self._command(topic, said))
                await asked.complete(cast("int", reached))
        except TimeoutError:
            pass
        except ConnectionError:
            if not asked.answers:
                return self._hearing.own_answer(self._names.channel(topic), topic, question)
        finally:
            self._hearing.asking.end(asked)
        return asked.answers

    def _say(self, said: Iterable[tuple[Topic, Said]]) -> None:
        self._queue.add([pack(self._command(topic, what)) for topic, what in said])
        self._flush()

    def _command(self, topic: Topic, said: Said) -> tuple[bytes, bytes, bytes]:
        return b"PUBLISH", self._names.channel(topic), encode(said)

    def _flush(self) -> None:
        if self._link is not None and (commands := self._queue.take()):
            self._link.send(b"".join(commands), len(commands)).add_done_callback(self._left)

    def _left(self, sent: asyncio.Future[Replies]) -> None:
        error = None if sent.cancelled() else sent.exception()
        if error is None or isinstance(error, RefusedError):
            self._queue.delivered()
            if error is not None:
                self._complain(f"Publishing is refused: {error}")
            self._flush()
        else:
            self._queue.failed()

    # The connection.

    async def _open(self) -> bool:
        """Whether connected, with everything subscribed. Takes a few seconds at most."""
        async with self._opening:
            if self._connected:
                return True
            try:
                link = await dial(self._address, self._hearing.receive, name=f"chat-{self._node}")
            except ConnectionError as error:
                self._complain(str(error))
                self._was_away = True
                return False
            # From here to the SUBSCRIBE there is no await: topics are in it, or are subscribed right behind it.
            self._link = link
            link.lost.add_done_callback(lambda _: self._forget(link))
            held = bool(self._held)
            confirmed = link.subscribe([self._names.channel(self._hearing.answers_topic), *self._held])
            try:
                async with asyncio.timeout(_SILENCE):
                    await confirmed
            except (ConnectionError, TimeoutError) as error:
                self._complain(str(error) or "Topics are not confirmed")
                link.abort()
                self._forget(link)
                return False
            except BaseException:
                link.abort()
                raise
            if self._link is not link:
                return False  # lost as soon as it was made
            self._connected = True
            self._flush()
            self._welcome(missed=held or self._was_away)
            return True

    def _welcome(self, *, missed: bool) -> None:
        logger.info("Connected to the broker at %s", self._address, extra={"action": "broker_connected"})
        if self._queue.dropped:
            logger.warning("%d announcements were dropped", self._queue.dropped, extra={"action": "broker_dropped"})
            self._queue.dropped = 0
        self._complaints.clear()
        self._was_away = False
        if missed:
            self._hearing.restored()

    def _forget(self, link: Link) -> None:
        if self._link is link:
            self._link, self._connected, self._was_away = None, False, True

    async def _watch(self) -> None:
        """Returns when the connection is lost; cuts one that has fallen silent."""
        while (link := self._link) is not None:
            await asyncio.wait([link.lost], timeout=_PING_INTERVAL)
            if link.lost.done() or not await link.answers(_SILENCE):
                link.abort()
                self._forget(link)
                self._complain("The connection was lost")

    def _complain(self, text: str) -> None:
        """Once per outage and reason."""
        if text not in self._complaints:
            self._complaints.add(text)
            logger.warning("Broker %s: %s", self._address, text, extra={"action": "broker_trouble"})
