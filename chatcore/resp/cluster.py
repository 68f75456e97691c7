"""Commands to a cluster over one connection per master, shared by all calls of a process.

A client library would do, were it not for failovers: redis-py's (8.1) pipelines never look for a new master unless
they may be repeated, and when they do, they cut the connections that other calls are waiting on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from chatcore.resp.address import Address
from chatcore.resp.link import Argument, Link, RefusedError, Replies, dial, ignored, pack, refusal
from chatcore.resp.slots import PARTITIONS
from chatcore.resp.topology import Owners, is_passing, redirection, survey

Command = tuple[Argument, ...]

_ROUNDS: Final = 6
_PAUSE: Final = 0.05
_SURVEY_PAUSE: Final = 0.1
"""Seconds between two looks at the topology, at least."""
_GRACE: Final = 0.05
_ASKING: Final = pack(("ASKING",))


class Cluster:
    """Connects when first used, and again after a loss. What was sent is never sent again, except where a server said
    that it did not take it. Each call ends within `patience` seconds."""

    def __init__(self, seeds: Sequence[Address], *, name: str, patience: float) -> None:
        self._seeds = seeds
        self._name = name
        self._patience = patience
        self._owners: Owners = [None] * PARTITIONS
        self._links: dict[Address, Link] = {}
        self._dialling: dict[Address, asyncio.Lock] = {}
        self._surveying = asyncio.Lock()
        self._surveyed_at = float("-inf")
        self._stale = True  # somebody may have become master of what was another's

    async def close(self) -> None:
        for link in list(self._links.values()):
            link.abort()
        self._links.clear()

    async def ping(self) -> None:
        """Raises ConnectionError unless every partition is served."""
        await self.call([(partition, ("PING",)) for partition in range(PARTITIONS)])

    async def call(self, commands: Sequence[tuple[int, Command]]) -> Replies:
        """The replies to commands, each of which concerns one partition. Raises ConnectionError if one is missing, and
        RefusedError if one is refused for good; others may have been executed."""
        replies: Replies = [None] * len(commands)
        left: Mapping[int, Address | None] = dict.fromkeys(range(len(commands)))
        if not left:
            return replies
        deadline = asyncio.get_running_loop().time() + self._patience
        try:
            # A little later than the calls themselves, which know who is silent.
            async with asyncio.timeout_at(deadline + _GRACE):
                for attempt in range(_ROUNDS):
                    if attempt:
                        await asyncio.sleep(_PAUSE * (attempt - 1))
                    left = await self._round(commands, left, replies, deadline)
                    if not left:
                        return replies
        except TimeoutError:
            raise ConnectionError("the cluster does not answer") from None
        raise ConnectionError("the cluster is being rearranged")

    async def _round(
        self,
        commands: Sequence[tuple[int, Command]],
        left: Mapping[int, Address | None],
        replies: Replies,
        deadline: float,
    ) -> dict[int, Address | None]:
        """Executes what is left: at the owner, or where the server said. Returns what is to be executed once more."""
        await self._look_around()
        groups: dict[Address, list[int]] = {}
        for index, asked in left.items():
            address = asked or self._owners[commands[index][0]]
            if address is None:
                self._stale = True
                raise ConnectionError("nobody serves a part of the cluster")
            groups.setdefault(address, []).append(index)
        # All at once; and all are waited for, so that nothing goes on after this has failed.
        found = await asyncio.gather(
            *(
                self._send(address, [(commands[index][1], left[index] is not None) for index in indexes], deadline)
                for address, indexes in groups.items()
            ),
            return_exceptions=True,
        )
        again: dict[int, Address | None] = {}
        for (address, indexes), answers in zip(groups.items(), found, strict=True):
            if isinstance(answers, BaseException):
                raise answers
            for index, answer in zip(indexes, answers, strict=True):
                if not (refused := refusal(answer)):
                    replies[index] = answer
                elif is_passing(refused):
                    again[index] = self._note(commands[index][0], refused, address)
                else:
                    raise RefusedError(refused)
        return again

    def _note(self, partition: int, refused: str, address: Address) -> Address | None:
        """Learns from a refusal; returns where to ask this once."""
        elsewhere = redirection(refused, address)
        if elsewhere is None:
            self._stale = self._stale or not refused.startswith("TRYAGAIN")
            return None
        once, owner = elsewhere
        if once:
            return owner
        self._owners = [*self._owners[:partition], owner, *self._owners[partition + 1 :]]
        return None

    async def _send(self, address: Address, commands: Sequence[tuple[Command, bool]], deadline: float) -> Replies:
        """The replies to commands, some of which are asked for this once."""
        loop = asyncio.get_running_loop()
        try:
            link = await self._link(address)
            parts = [(_ASKING if once else b"") + pack(command) for command, once in commands]
            began = loop.time()
            call = ignored(link.attempt(b"".join(parts), len(parts) + sum(once for _, once in commands)))
            await asyncio.wait([call], timeout=max(0.0, deadline - began))
            if not call.done():
                # A loop that was busy runs its timers before it reads: give it a chance to.
                await asyncio.sleep(_GRACE / 2)
            if not call.done():
                if loop.time() - began > self._patience / 2:
                    link.abort()  # who comes next had better dial anew
                raise ConnectionError(f"{address} does not answer")
            answers = iter(call.result())
            return [(next(answers), next(answers))[1] if once else next(answers) for _, once in commands]
        except ConnectionError:
            self._stale = True
            raise

    async def _link(self, address: Address) -> Link:
        if (link := self._links.get(address)) is not None:
            return link
        async with self._dialling.setdefault(address, asyncio.Lock()):
            if (link := self._links.get(address)) is None:
                link = await dial(address, lambda _channel, _data: None, name=self._name)
                self._links[address] = link
                link.lost.add_done_callback(lambda _: self._forget(address, link))
        return link

    def _forget(self, address: Address, link: Link) -> None:
        if self._links.get(address) is link:
            del self._links[address]
            self._stale = True

    async def _look_around(self) -> None:
        """Asks who serves what, if that may have changed."""
        if not self._stale:
            return
        async with self._surveying:
            now = asyncio.get_running_loop().time()
            if not self._stale or now - self._surveyed_at < _SURVEY_PAUSE:
                return
            seeds = dict.fromkeys([*self._seeds, *(owner for owner in self._owners if owner is not None)])
            self._owners = await survey(list(self._links.items()), seeds)
            self._surveyed_at, self._stale = now, False
