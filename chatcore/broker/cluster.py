"""A Redis or Valkey cluster as the broker: sharded pub/sub, one connection per master and node.

Theory of operation. Topics fall into partitions (`resp.slots`), each of which is served by one master. A partition is
settled when everything held of it is subscribed on a live connection to its master. It gets into doubt when that
connection is lost, when the server drops its channels because the slot goes elsewhere, when the server refuses a
command with MOVED, or when most servers name another master. While any partition is in doubt the keeper asks the
servers, several times a second, who serves what, and settles what it can; meanwhile its topics are only recorded and
its announcements wait in a bounded queue. When nothing is in doubt any more, it is reported that something may have
been missed.

A server hears of a failover or of a moved slot after others have, so a wrong answer is normal and costs another round.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, cast

from chatcore.broker.hearing import Hearing
from chatcore.broker.shard import Shard, ShardQueue, Spoken
from chatcore.broker.topics import PREFIX, ShardChannelNames
from chatcore.broker.wire import Question, Said, encode
from chatcore.domain.events import Announcement, Topic
from chatcore.resp.address import Address, parse_cluster
from chatcore.resp.link import Link, RefusedError, Replies, dial, ignored, pack
from chatcore.resp.slots import PARTITIONS, partition_of
from chatcore.resp.topology import Owners, is_passing, survey

logger = logging.getLogger(__name__)

QUEUE_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of announcements that wait for one server."""
CHECK_INTERVAL: Final = 5.0
"""Seconds between two looks at who serves what while all seems well: a master that was cut off from the others goes on
as if it were one."""
RETRY: Final = 0.25
_FIRST_DELAY, _LAST_DELAY = 0.05, 2.0
_PING_INTERVAL: Final = 1.0
_SILENCE: Final = 2.0
"""Seconds without an answer after which a server that still holds the connection counts as gone."""
_ANSWER_SOON: Final = 0.9
_FAREWELL: Final = 1.0


class ClusterBroker:
    """Satisfies `ports.broker.Broker`. `node` names the connections and must not be a secret."""

    def __init__(self, url: str, *, node: str, prefix: str = PREFIX) -> None:
        self._seeds = parse_cluster(url)
        self._node = node
        self._names = ShardChannelNames(prefix)
        self._hearing = Hearing(node, self._say)
        self._held = self._hearing.held
        self._shards: dict[Address, Shard] = {}
        self._homeless = ShardQueue(QUEUE_LIMIT)  # what nobody is known to serve
        # By partition: its master; the connection that its channels were asked for on; these channels.
        self._owners: list[Shard | None] = [None] * PARTITIONS
        self._at: list[Link | None] = [None] * PARTITIONS
        self._channels: list[dict[bytes, None]] = [{} for _ in range(PARTITIONS)]
        self._doubtful = set(range(PARTITIONS))
        self._connected = False
        self._missed = False
        self._wake = asyncio.Event()
        self._arranging = asyncio.Lock()
        self._complaints: set[str] = set()  # logged in this outage
        answers = self._hearing.answers_topic
        number, self._answers_channel = self._names.place(answers)
        self._channels[number][self._answers_channel] = None

    # Wiring and life.

    def connect(self, on_announcement: Callable[[Announcement], None], on_restored: Callable[[], None]) -> None:
        self._hearing.on_announcement = on_announcement
        self._hearing.on_restored = on_restored

    def answer(self, responder: Callable[[Topic, bytes], bytes | None]) -> None:
        self._hearing.responder = responder

    @property
    def connected(self) -> bool:
        """Whether everything held is subscribed, on all servers."""
        return self._connected

    @property
    def servers(self) -> tuple[int, int]:
        """How many masters are connected, and how many there are."""
        return sum(shard.link is not None for shard in self._shards.values()), len(self._shards)

    async def open(self) -> None:
        """Tries to connect once, a failure being logged: `run` goes on trying. A process that only publishes needs no
        `run`: `open`, `publish`, `close`."""
        await self._arrange()
        await asyncio.gather(*(self._connect(shard) for shard in list(self._shards.values())))

    async def close(self) -> None:
        """Waits up to a second until what was published has left, then hangs up."""
        deadline = asyncio.get_running_loop().time() + _FAREWELL
        for shard in self._shards.values():
            while shard.busy and (link := shard.link) is not None:
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0 or not await link.answers(left):
                    break
        for shard in self._shards.values():
            if (link := shard.link) is not None:
                link.abort()
                self._lose(shard, link)

    async def run(self) -> None:
        """Keeps the connections until cancelled; `close` follows, after the last `publish`."""
        async with asyncio.TaskGroup() as group:
            keeping: dict[Shard, asyncio.Task[None]] = {}
            while True:
                self._wake.clear()
                try:
                    await self._arrange()
                except Exception:
                    logger.exception("The cluster was not understood", extra={"action": "broker_arrange_failed"})
                for gone in keeping.keys() - self._shards.values():
                    keeping.pop(gone).cancel()
                for shard in self._shards.values():
                    if shard not in keeping:
                        keeping[shard] = group.create_task(self._keep(shard), name=f"broker {shard.address}")
                if self._connected:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(CHECK_INTERVAL):
                            await self._wake.wait()
                else:
                    await asyncio.sleep(RETRY * random.uniform(0.5, 1.0))

    async def ping(self) -> None:
        """Answers as long as most of the cluster does: a failover of one server is no reason to take nodes away, which
        read what they miss of it from the log."""
        shards = list(self._shards.values())
        links = [shard.link for shard in shards]
        answers = await asyncio.gather(*(link.answers(_ANSWER_SOON) for link in links if link is not None))
        well = iter(answers)
        answering = {shard for shard, link in zip(shards, links, strict=True) if link is not None and next(well)}
        if 2 * sum(owner in answering for owner in self._owners) <= PARTITIONS:
            raise ConnectionError(f"{len(answering)} of {len(shards)} servers of the cluster answer")

    # Topics.

    async def subscribe(self, topics: Sequence[Topic]) -> None:
        """Where a server is away, returns without its confirmation: `on_restored` will follow."""
        fresh: dict[int, list[bytes]] = {}
        for topic in topics:
            number, channel = self._names.place(topic)
            self._held[channel] = topic
            self._channels[number][channel] = None
            fresh.setdefault(number, []).append(channel)
        calls: list[tuple[int, Link, asyncio.Future[Replies]]] = []
        for number, channels in fresh.items():
            if (link := self._at[number]) is not None:
                calls.append((number, link, ignored(link.ssubscribe(channels))))
            else:
                self._missed = True
        if calls:
            await asyncio.wait([call for _, _, call in calls])
        refused = None
        for number, link, call in calls:
            error = call.exception()
            if isinstance(error, RefusedError) and not is_passing(str(error)):
                refused = error
                for channel in fresh[number]:
                    self._let_go(number, channel)
            elif error is not None:
                self._missed = True
                if self._at[number] is link:
                    self._doubt(number)
        if refused is not None:
            raise refused

    async def unsubscribe(self, topics: Sequence[Topic]) -> None:
        """Does not wait for the servers, and never fails."""
        left: dict[int, list[bytes]] = {}
        for topic in topics:
            number, channel = self._names.place(topic)
            if self._let_go(number, channel):
                left.setdefault(number, []).append(channel)
        for number, channels in left.items():
            if (link := self._at[number]) is not None:
                ignored(link.sunsubscribe(channels))

    def _let_go(self, number: int, channel: bytes) -> bool:
        self._channels[number].pop(channel, None)
        return self._held.pop(channel, None) is not None

    # Out.

    def publish(self, announcements: Sequence[Announcement]) -> None:
        self._say([(announcement.topic, announcement) for announcement in announcements])

    async def ask(self, topic: Topic, question: bytes, *, patience: float) -> list[bytes]:
        """While the topic's server is away, or that of this node's answers, only this node answers."""
        asked = self._hearing.asking.start()
        number, channel = self._names.place(topic)
        try:
            async with asyncio.timeout(patience):
                said = Question(id=asked.id, answer_to=self._hearing.answers_topic, text=question)
                owner = self._owners[number]
                if owner is None or owner.link is None or self._at[partition_of(self._answers_channel)] is None:
                    raise ConnectionError
                # SPUBLISH answers how many connections to this server it reached. Each node has one.
                (reached,) = await owner.link.call((b"SPUBLISH", channel, encode(said)))
                await asked.complete(cast("int", reached))
        except TimeoutError:
            pass
        except ConnectionError:
            if not asked.answers:
                return self._hearing.own_answer(channel, topic, question)
        finally:
            self._hearing.asking.end(asked)
        return asked.answers

    def _say(self, said: Iterable[tuple[Topic, Said]]) -> None:
        touched: dict[Shard, None] = {}
        for topic, what in said:
            number, channel = self._names.place(topic)
            spoken = number, pack((b"SPUBLISH", channel, encode(what)))
            if (owner := self._owners[number]) is not None:
                owner.add(spoken)
                touched[owner] = None
            else:
                self._homeless.add(spoken)
        for owner in touched:
            owner.flush()

    def _refused(self, shard: Shard, spoken: Spoken, refusal: str) -> None:
        if is_passing(refusal):
            self._homeless.add(spoken)
            self._doubt(spoken[0])
        else:
            self._complain(f"{shard.address}: Publishing is refused: {refusal}")

    # Who serves what.

    async def _arrange(self) -> None:
        """Asks the servers, and settles what is connected. Does not fail, and takes a few seconds at most."""
        async with self._arranging:
            connected = [(shard.address, shard.link) for shard in self._shards.values() if shard.link is not None]
            try:
                self._place(await survey(connected, dict.fromkeys([*self._seeds, *self._shards])))
            except ConnectionError as error:
                self._complain(str(error))
                self._missed = True
                return
            await asyncio.gather(*(self._settle(shard) for shard in list(self._shards.values())))
            self._check()

    def _place(self, owners: Owners) -> None:
        for number, address in enumerate(owners):
            shard = None
            if address is not None:
                shard = self._shards.get(address)
                if shard is None:
                    shard = self._shards[address] = Shard(address, QUEUE_LIMIT, self._refused)
            if shard is not self._owners[number]:
                self._owners[number] = shard
                if (link := self._at[number]) is not None and self._channels[number]:
                    ignored(link.sunsubscribe(self._channels[number]))
                self._doubt(number)
        waiting = self._homeless.take()
        for address in self._shards.keys() - set(owners):
            waiting += self._shards.pop(address).abandon()
        for spoken in waiting:
            owner = self._owners[spoken[0]]
            (self._homeless if owner is None else owner).add(spoken)
        for shard in self._shards.values():
            shard.flush()

    async def _settle(self, shard: Shard) -> None:
        """Subscribes, on its connection, to what it serves and is in doubt."""
        if (link := shard.link) is None:
            return
        asked: list[tuple[int, asyncio.Future[Replies]]] = []
        for number in sorted(self._doubtful):
            if self._owners[number] is shard and self._at[number] is not link:
                # From here on new topics are subscribed right behind these, on the same connection.
                self._at[number] = link
                if self._channels[number]:
                    asked.append((number, ignored(link.ssubscribe(self._channels[number]))))
                else:
                    self._doubtful.discard(number)
        if asked:
            await asyncio.wait([call for _, call in asked], timeout=_SILENCE)
        for number, call in asked:
            if self._at[number] is not link:
                continue  # in doubt again
            if not call.done():
                self._complain(f"{shard.address}: Topics are not confirmed")
                link.abort()
                self._lose(shard, link)
            elif (error := call.exception()) is None:
                self._doubtful.discard(number)
            else:
                self._at[number] = None
                if not is_passing(str(error)):
                    self._complain(f"{shard.address}: {error}")

    def _doubt(self, number: int) -> None:
        self._at[number] = None
        self._doubtful.add(number)
        self._connected = False
        self._missed = self._missed or any(channel in self._held for channel in self._channels[number])
        self._wake.set()

    def _drop(self, link: Link | None, channel: bytes) -> None:
        """The server has stopped to serve a channel."""
        number = partition_of(channel)
        if channel in self._channels[number] and link is not None and self._at[number] is link:
            self._doubt(number)

    def _check(self) -> None:
        if self._connected or self._doubtful:
            return
        self._connected = True
        extra = {"action": "broker_connected"}
        logger.info("Connected to the broker, a cluster of %d servers", len(self._shards), extra=extra)
        dropped = self._homeless.dropped + sum(shard.take_dropped() for shard in self._shards.values())
        self._homeless.dropped = 0
        if dropped:
            logger.warning("%d announcements were dropped", dropped, extra={"action": "broker_dropped"})
        self._complaints.clear()
        missed, self._missed = self._missed, False
        if missed:
            self._hearing.restored()

    # The connections.

    async def _keep(self, shard: Shard) -> None:
        """Connects, and again after each loss, until cancelled."""
        loop = asyncio.get_running_loop()
        delay = _FIRST_DELAY
        while True:
            began = loop.time()
            if await self._connect(shard):
                await self._watch(shard)
                if loop.time() - began > _LAST_DELAY:
                    delay = _FIRST_DELAY
            await asyncio.sleep(delay * random.uniform(0.5, 1.0))
            delay = min(delay * 2, _LAST_DELAY)

    async def _connect(self, shard: Shard) -> bool:
        async with shard.opening:
            if shard.link is not None:
                return True
            link: Link | None = None
            try:
                link = await dial(
                    shard.address,
                    self._hearing.receive,
                    lambda channel: self._drop(link, channel),
                    name=f"chat-{self._node}",
                )
            except ConnectionError as error:
                self._complain(str(error))
                self._missed = True
                return False
            if self._shards.get(shard.address) is not shard:
                link.abort()
                return False
            shard.link = link
            link.lost.add_done_callback(lambda _: self._lose(shard, link))
            await self._settle(shard)
            shard.flush()
            self._check()
            return shard.link is link

    def _lose(self, shard: Shard, link: Link) -> None:
        if shard.link is link:
            shard.link = None
        for number, at in enumerate(self._at):
            if at is link:
                self._doubt(number)

    async def _watch(self, shard: Shard) -> None:
        """Returns when the connection is lost; cuts one that has fallen silent."""
        while (link := shard.link) is not None:
            await asyncio.wait([link.lost], timeout=_PING_INTERVAL)
            if link.lost.done() or not await link.answers(_SILENCE):
                link.abort()
                self._lose(shard, link)
                self._complain(f"{shard.address}: The connection was lost")

    def _complain(self, text: str) -> None:
        """Once per outage and reason."""
        if text not in self._complaints:
            self._complaints.add(text)
            logger.warning("Broker %s", text, extra={"action": "broker_trouble"})
