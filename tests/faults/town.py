"""People who write and read all the time, whatever happens, and the proof that nobody missed anything."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.tokens import ACCOUNT, AUTH_TOKEN, SERVICE

from .fleet import GATEWAYS, Fleet, fleet
from .ledger import Balance, Ledger, Stream, balance
from .native import NativeReader, NativeWriter, closed, opened, token
from .phones import Outside, outside
from .sync import SyncReader, SyncWriter

HEAL = 120.0
"""Seconds after the end of a fault within which everybody must have everything."""
SETTLE = 150.0
"""Seconds within which the outbox must have come out: a lease and the time presence takes to settle are in it."""

DEVICES = 5
"""Connections of each user of the crowd."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Rates per second and writer."""

    rooms: int = 3
    rate: float = 6.0
    crowd: int = 200
    alerts: int = 4


@dataclass(slots=True)
class Town:
    fleet: Fleet
    outside: Outside
    ledger: Ledger = field(default_factory=Ledger)
    rooms: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    readers: list[NativeReader | SyncReader] = field(default_factory=list)
    crowd: list[NativeReader] = field(default_factory=list)
    writers: list[NativeWriter | SyncWriter] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _writing: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _suffix: str = field(default_factory=lambda: secrets.token_hex(3))

    @property
    def streams(self) -> list[Stream]:
        return [stream for reader in (*self.readers, *self.crowd) for stream in reader.streams.values()]

    # Proof.

    async def healed(self, patience: float = HEAL) -> float:
        """Seconds until every writer has written and every reader is back and has read what was acknowledged by
        then."""
        began = time.monotonic()
        end = began + patience
        await _until(lambda: not self._mute(began), end, lambda: self._lament(f"cannot write: {self._mute(began)}"))
        tops = self.ledger.tops()
        await _until(lambda: not self._behind(tops), end, lambda: self._lament(f"cannot read: {self._behind(tops)}"))
        return time.monotonic() - began

    def _lament(self, text: str) -> str:
        return "\n".join([text[:2000], f"logs are in {self.fleet.folder}", *self.ledger.faults[:20]])

    async def balance(self, *, final: bool = False) -> Balance:
        return await balance(self.ledger, self.streams, self.fleet.dsn, [*self.rooms, *self.alerts], final=final)

    async def finish(self) -> Balance:
        """Nobody writes any more; everybody reads what is left. The last word."""
        self._stopping.set()
        async with asyncio.timeout(HEAL):
            await asyncio.gather(*self._writing)
        tops, end = self.ledger.tops(), time.monotonic() + HEAL
        with contextlib.suppress(AssertionError):  # the balance says who lacks what
            await _until(lambda: not self._behind(tops), end, str)
        return await self.balance(final=True)

    async def outbox(self, patience: float = SETTLE) -> Sequence[str]:
        """What the outbox owes when it had time to work."""
        with contextlib.suppress(AssertionError):
            await _until(lambda: not self.outside.missing(), time.monotonic() + patience, str, pause=0.25)
        return self.outside.missing()

    def _mute(self, since: float) -> list[str]:
        return [writer.name for writer in self.writers if writer.since <= since]

    def _behind(self, tops: Mapping[str, int]) -> list[str]:
        return [
            f"{reader.name} has {len(stream.bodies)} of {tops.get(stream.room, -1) + 1}"
            for reader in (*self.readers, *self.crowd)
            for stream in reader.streams.values()
            if len(stream.bodies) <= tops.get(stream.room, -1) or not reader.connected.is_set()
        ]

    # Life.

    def name(self, first: str) -> str:
        return f"{first}-{self._suffix}"

    async def settle_in(self, size: Size) -> None:
        async with httpx.AsyncClient(
            base_url=self.fleet.url(GATEWAYS[0]), auth=(ACCOUNT, AUTH_TOKEN), trust_env=False, timeout=30.0
        ) as rest:
            office = _Office(rest)
            await office.set_up()
            talk = [await office.room() for _ in range(size.rooms)]
            plaza = await office.room()
            fronts = [self.fleet.front(name) for name in GATEWAYS]
            for number in range(4):
                identity = self.name(f"reader{number}")
                await office.invite(identity, talk)
                self.readers.append(
                    NativeReader(identity, _from(fronts, number), talk, self.ledger, protobuf=number > 1)
                )
            for number in range(2):
                identity = self.name(f"sync-reader{number}")
                await office.invite(identity, talk)
                self.readers.append(SyncReader(identity, _from(fronts, number), talk, self.ledger))
            for number in range(size.crowd):
                identity = self.name(f"crowd{number // DEVICES}")
                if number % DEVICES == 0:
                    await office.invite(identity, [plaza])
                self.crowd.append(
                    NativeReader(identity, _from(fronts, number), [plaza], self.ledger, protobuf=number % 4 > 1)
                )
            for number in range(2 * size.rooms):
                await self._add_writer(office, number, fronts, [talk[number // 2]], size.rate)
            for number in range(2):
                identity = self.name(f"sync-writer{number}")
                await office.invite(identity, talk)
                self.writers.append(SyncWriter(identity, _from(fronts, number), talk, self.ledger, rate=size.rate / 2))
            await self._add_writer(office, 90, fronts, [plaza], 2.0)
            await self._alert(office, size.alerts, fronts)
            self.rooms = [*talk, plaza]
        for reader in (*self.readers, *self.crowd):
            self._start(reader.run(), self._tasks)
        await _until(
            lambda: all(reader.connected.is_set() for reader in (*self.readers, *self.crowd)),
            time.monotonic() + HEAL,
            lambda: "readers could not connect",
        )
        for writer in self.writers:
            self._start(writer.run(self._stopping), self._writing)

    async def _add_writer(
        self, office: _Office, number: int, fronts: Sequence[str], rooms: Sequence[str], rate: float, **more: Any
    ) -> None:
        identity = self.name(f"writer{number}")
        await office.invite(identity, rooms)
        self.writers.append(
            NativeWriter(
                identity, _from(fronts, number), rooms, self.ledger, protobuf=number % 2 > 0, rate=rate, **more
            )
        )

    async def _alert(self, office: _Office, count: int, fronts: Sequence[str]) -> None:
        """Rooms whose members are away: their phones ring, and a webhook hears of every message."""
        credentials = await self.outside.credentials(office.rest)
        for number in range(count):
            room = await office.room()
            self.alerts.append(room)
            await office.hook(room, self.outside.hook.url())
            kind = "apn" if number % 2 == 0 else "fcm"
            identity = self.name(f"phone{number}")
            await office.invite(identity, [room])
            address = f"{identity}".encode().hex().ljust(80, "0")[:80]
            client = await opened(fronts[0], protobuf=False)
            await client.connect(token(identity))
            await client.rpc(
                "push.register", type=kind, token=address, endpoint="phone", credential_sid=credentials[kind]
            )
            await closed(client)
            self.outside.phones[room] = [(kind, address)]

        def sent(room: str, sid: str, body: str) -> None:
            self.outside.owed.append((room, body))
            self.outside.hooked.append(sid)

        await self._add_writer(office, 91, fronts, self.alerts, count * 0.25, sent=sent)

    def _start(self, work: Coroutine[Any, Any, None], tasks: list[asyncio.Task[None]]) -> None:
        task = asyncio.create_task(work)
        task.add_done_callback(self._over)
        tasks.append(task)

    def _over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.ledger.accuse("a client failed: " + "".join(traceback.format_exception(error)))

    async def leave(self) -> None:
        self._stopping.set()
        left: set[asyncio.Task[None]] = {*self._writing, *self._tasks}
        while left:  # Python 3.11 may lose a cancellation that meets the end of what is waited for
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=5.0)


class _Office:
    """The application's back-end, for the beginning only."""

    def __init__(self, rest: httpx.AsyncClient) -> None:
        self.rest = rest

    async def room(self) -> str:
        return str((await self._post("/Channels", 201))["sid"])

    async def invite(self, identity: str, rooms: Sequence[str]) -> None:
        for room in rooms:
            await self._post(f"/Channels/{room}/Members", 201, Identity=identity)

    async def hook(self, room: str, url: str) -> None:
        form = {"Type": "webhook", "Configuration.Url": url, "Configuration.Filters": "onMessageSent"}
        await self._post(f"/Channels/{room}/Webhooks", 201, **form)

    async def set_up(self) -> None:
        form = {"Notifications.NewMessage.Enabled": "true", "Notifications.NewMessage.Template": "${MESSAGE}"}
        await self._post("", 200, **form, **{"Limits.ChannelMembers": "1000"})

    async def _post(self, path: str, expected: int, **form: str) -> Any:
        answer = await self.rest.post(f"/v2/Services/{SERVICE}{path}", data=form)
        assert answer.status_code == expected, answer.text
        return answer.json()


@contextlib.asynccontextmanager
async def town(folder: Path, size: Size, settings: Mapping[str, str]) -> AsyncIterator[Town]:
    """Everything at work; about ten seconds. `folder` keeps the logs."""
    async with contextlib.AsyncExitStack() as stack:
        world = await stack.enter_async_context(outside_in(folder))
        running = await stack.enter_async_context(fleet(folder, world.settings | dict(settings)))
        made = Town(running, world)
        stack.push_async_callback(made.leave)
        await made.settle_in(size)
        yield made


@contextlib.asynccontextmanager
async def outside_in(folder: Path) -> AsyncIterator[Outside]:
    keys = folder.with_name(folder.name + "-keys")
    keys.mkdir(parents=True)
    async with outside(keys) as made:
        yield made


def _from(fronts: Sequence[str], number: int) -> list[str]:
    """All of them, another one first."""
    start = number % len(fronts)
    return [*fronts[start:], *fronts[:start]]


async def _until(
    condition: Callable[[], object], end: float, lament: Callable[[], str], *, pause: float = 0.05
) -> None:
    while not condition():
        assert time.monotonic() < end, lament()
        await asyncio.sleep(pause)
