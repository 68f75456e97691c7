"""The server, or the cluster, that keeps presence, counts and notes: commands, each for the keys of one tag."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from chatcore.resp.address import is_cluster, parse, parse_cluster
from chatcore.resp.cluster import Cluster
from chatcore.resp.link import Link, RefusedError, dial
from chatcore.resp.slots import partition, partition_of, tags

PATIENCE: Final = 0.9
Command = tuple[str | bytes | int, ...]


class Server(Protocol):
    """Each call ends within a second; raises ConnectionError when anything goes wrong. Connects when first used, and
    again after a loss."""

    def tag(self, name: str) -> str:
        """What the keys of everything called so have behind their prefix: one command may touch keys of one tag."""
        ...

    async def call(self, commands: Sequence[tuple[str, Command]]) -> list[Any]:
        """The replies to commands, each of which comes with a key that it touches; in one round trip."""
        ...

    async def close(self) -> None: ...


def reach(url: str, *, name: str, away: str, connections: int, again: int) -> Server:
    """`name` is shown by CLIENT LIST, `away` begins error texts. `connections` at most are made to a single server,
    and what fails is sent `again` so many times; a cluster has one to each master, and sends nothing twice."""
    if is_cluster(url):
        return _Cluster(url, name=name, away=away)
    return _Single(url, name=name, away=away, connections=connections, again=again)


def hold(url: str, *, name: str, away: str) -> Server:
    """Like `reach`, for calls by the thousand: one connection to a single server too, on which what comes together
    leaves together, in order. What failed with the connection is sent once more."""
    return _Cluster(url, name=name, away=away) if is_cluster(url) else _Held(url, name=name, away=away)


class _Held:
    def __init__(self, url: str, *, name: str, away: str) -> None:
        self._address = parse(url)
        self._name = name
        self._away = away
        self._link: Link | None = None
        self._dialling = asyncio.Lock()

    def tag(self, name: str) -> str:
        return ""

    async def call(self, commands: Sequence[tuple[str, Command]]) -> list[Any]:
        if not commands:
            return []
        asked = [command for _, command in commands]
        try:
            async with asyncio.timeout(PATIENCE):
                try:
                    return await (await self._connected()).call(*asked)
                except RefusedError:
                    raise
                except ConnectionError:  # it died while it was idle
                    return await (await self._connected()).call(*asked)
        except TimeoutError:
            link = self._link
            if link is not None and not await link.answers(1 - PATIENCE):
                link.abort()
            raise ConnectionError(f"{self._away}: the server does not answer") from None
        except ConnectionError as error:
            raise ConnectionError(f"{self._away}: {error}") from None

    async def close(self) -> None:
        if self._link is not None:
            self._link.abort()

    async def _connected(self) -> Link:
        if self._link is None or self._link.lost.done():
            async with self._dialling:
                if self._link is None or self._link.lost.done():
                    self._link = await dial(self._address, lambda _channel, _payload: None, name=self._name)
        return self._link


class _Single:
    def __init__(self, url: str, *, name: str, away: str, connections: int, again: int) -> None:
        self._away = away
        self._redis: Redis = Redis.from_url(
            url,
            max_connections=connections,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), again),
            client_name=name,
        )
        self._turns = asyncio.Semaphore(connections)

    def tag(self, name: str) -> str:
        return ""

    async def call(self, commands: Sequence[tuple[str, Command]]) -> list[Any]:
        task = asyncio.current_task()
        assert task is not None, "a coroutine runs in a task"
        before = task.cancelling()
        try:
            return await self._call(commands)
        finally:
            if task.cancelling() > before:
                # The library writes within `asyncio.wait_for`, which before Python 3.12 forgets a cancellation that
                # comes in the moment of its result.
                raise asyncio.CancelledError

    async def _call(self, commands: Sequence[tuple[str, Command]]) -> list[Any]:
        try:
            async with asyncio.timeout(PATIENCE), self._turns:
                if len(commands) == 1:
                    only = self._redis.execute_command(*commands[0][1])  # type: ignore[no-untyped-call]  # theirs
                    return [await only]
                pipeline = self._redis.pipeline(transaction=False)
                for _, command in commands:
                    pipeline.execute_command(*command)
                return list(await pipeline.execute())
        except TimeoutError:
            raise ConnectionError(f"{self._away}: the server does not answer") from None
        except (RedisError, OSError) as error:
            raise ConnectionError(f"{self._away}: {error}") from None

    async def close(self) -> None:
        await self._redis.aclose()


class _Cluster:
    def __init__(self, url: str, *, name: str, away: str) -> None:
        self._away = away
        self._cluster = Cluster(parse_cluster(url), name=name, patience=PATIENCE)
        self._tags = [f"{tag.decode()}:" for tag in tags()]

    def tag(self, name: str) -> str:
        return self._tags[partition(name.encode())]

    async def call(self, commands: Sequence[tuple[str, Command]]) -> list[Any]:
        try:
            return await self._cluster.call([(partition_of(key.encode()), command) for key, command in commands])
        except ConnectionError as error:
            raise ConnectionError(f"{self._away}: {error}") from None

    async def close(self) -> None:
        await self._cluster.close()
