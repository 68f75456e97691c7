"""What can happen to the product. Every fault ends by itself and leaves all parts running."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.support.wire import BOTH, Way

from .disk import file_limit
from .fleet import GATEWAYS, PUSH, Fleet
from .town import Town

Inject = Callable[[Town], Awaitable[None]]

LINKS = (
    *(f"clients→{name}" for name in GATEWAYS),
    *(f"{name}→{server}" for name in (*GATEWAYS, PUSH) for server in ("postgres", "valkey")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`kind` counts in reports, `name` says it all."""

    kind: str
    name: str
    inject: Inject


# Processes.


def killed(part: str) -> Fault:
    async def inject(town: Town) -> None:
        await town.fleet.kill(part)

    return Fault(kind=f"{_sort(part)} killed", name=f"kill -9 of {part}", inject=inject)


def away(part: str, seconds: float) -> Fault:
    """Valkey comes back empty from any death: it keeps nothing."""

    async def inject(town: Town) -> None:
        async with town.fleet.without(part):
            await asyncio.sleep(seconds)

    return Fault(kind=f"{_sort(part)} away", name=f"{part} away for {seconds:.1f} s", inject=inject)


def emptied() -> Fault:
    """Stopped in order and started again at once, with nothing in its memory."""

    async def inject(town: Town) -> None:
        await town.fleet.kill("valkey", signal.SIGTERM)

    return Fault(kind="valkey restarted empty", name="valkey restarted, empty", inject=inject)


def frozen(part: str, seconds: float) -> Fault:
    async def inject(town: Town) -> None:
        with town.fleet.frozen(part):
            await asyncio.sleep(seconds)

    return Fault(kind=f"{_sort(part)} frozen", name=f"SIGSTOP of {part} for {seconds:.1f} s", inject=inject)


def rolling_restart() -> Fault:
    async def inject(town: Town) -> None:
        for name in (*GATEWAYS, PUSH):
            await town.fleet.kill(name, signal.SIGTERM)

    return Fault(kind="rolling restart", name="rolling restart of all nodes", inject=inject)


# Connections.


def cut(link: str, seconds: float) -> Fault:
    async def inject(town: Town) -> None:
        wire = town.fleet.wires[link]
        wire.refuse()
        try:
            await asyncio.sleep(seconds)
        finally:
            wire.heal()

    return Fault(kind="link cut", name=f"{link} cut for {seconds:.1f} s", inject=inject)


def slow(link: str, delay: float, seconds: float) -> Fault:
    async def inject(town: Town) -> None:
        wire = town.fleet.wires[link]
        wire.slow(delay, *BOTH)
        try:
            await asyncio.sleep(seconds)
        finally:
            wire.heal()

    return Fault(kind="link slow", name=f"{link} {delay * 1000:.0f} ms slower for {seconds:.1f} s", inject=inject)


def swallowed(link: str, ways: Sequence[Way], seconds: float, *, late: bool) -> Fault:
    """Half-open with both ways, else one-way."""

    async def inject(town: Town) -> None:
        wire = town.fleet.wires[link]
        wire.hold(*ways)
        try:
            await asyncio.sleep(seconds)
        finally:
            wire.heal(late=late)

    kind = "link half-open" if len(ways) == 2 else "link one-way"
    what = "swallows everything" if len(ways) == 2 else f"loses what goes {ways[0]}"
    end = "then it arrives" if late else "then it is reset"
    return Fault(kind=kind, name=f"{link} {what} for {seconds:.1f} s, {end}", inject=inject)


def storm() -> Fault:
    """Every client is cut at once."""

    async def inject(town: Town) -> None:
        for name in GATEWAYS:
            town.fleet.wires[f"clients→{name}"].cut()

    return Fault(kind="reconnect storm", name="all clients cut at once", inject=inject)


# Machines.


def clock_stepped(part: str, by: float, seconds: float) -> Fault:
    async def inject(town: Town) -> None:
        town.fleet.step_clock(part, by)
        try:
            await asyncio.sleep(seconds)
        finally:
            town.fleet.step_clock(part, 0.0)

    return Fault(
        kind="clock stepped", name=f"clock of {part} steps by {by:+.0f} s and back after {seconds:.1f} s", inject=inject
    )


def database_clock_stepped(by: float) -> Fault:
    """The same as a step of the database's clock for everything that waits there: times are compared with it only."""

    async def inject(town: Town) -> None:
        connection = await asyncpg.connect(town.fleet.dsn)
        try:
            await connection.execute(
                "UPDATE outbox SET due_at = due_at - $1 * interval '1 s', "
                "expires_at = expires_at - $1 * interval '1 s'",
                by,
            )
        finally:
            await connection.close()

    return Fault(kind="clock stepped", name=f"clock of the database steps by {by:+.0f} s", inject=inject)


def disk_full(seconds: float) -> Fault:
    async def inject(town: Town) -> None:
        with town.fleet.disk.full():
            await asyncio.sleep(seconds)

    return Fault(kind="disk full", name=f"the database's disk is full for {seconds:.1f} s", inject=inject)


def file_limited(seconds: float) -> Fault:
    async def inject(town: Town) -> None:
        fleet = town.fleet
        async with file_limit(lambda: fleet.parts["postgres"].pid):
            await asyncio.sleep(seconds)
        await _database_answers(fleet)

    return Fault(kind="file limit", name=f"the database may not write for {seconds:.1f} s", inject=inject)


# Operators.


def epochs_renewed() -> Fault:
    """While nodes run, against the manual: nobody may be told that an old position is still good."""

    async def inject(town: Town) -> None:
        fleet = town.fleet
        settings = {
            "CHAT_POSTGRES_DSN": fleet.dsn,
            "CHAT_REDIS_URL": fleet.redis_url,
            "CHAT_DATA_DIR": str(fleet.data.path),
            "CHAT_SECRET_KEY": fleet.secret_key,
        }
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")} | settings
        command = Path(sys.executable).with_name("chatcore")
        process = await asyncio.create_subprocess_exec(
            command, "epochs", "renew", env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        for name in GATEWAYS:
            fleet.wires[f"clients→{name}"].cut()
        town.ledger.epochs = await _epochs(fleet)

    return Fault(kind="epochs renewed", name="epochs renewed, and all clients cut", inject=inject)


async def _epochs(fleet: Fleet) -> dict[str, str]:
    connection = await asyncpg.connect(fleet.dsn)
    try:
        return {row["sid"]: row["epoch"] for row in await connection.fetch("SELECT sid, epoch FROM channels")}
    finally:
        await connection.close()


async def _database_answers(fleet: Fleet) -> None:
    async with asyncio.timeout(60.0):
        while True:
            try:
                connection = await asyncpg.connect(fleet.dsn, timeout=5.0)
            except (OSError, asyncpg.PostgresError, TimeoutError):
                await asyncio.sleep(0.1)
                continue
            await connection.close()
            return


# Choices.


def _sort(part: str) -> str:
    return {"gateway-1": "gateway", "gateway-2": "gateway", PUSH: "push worker"}.get(part, part)


def _link(dice: random.Random) -> Fault:
    link, seconds = dice.choice(LINKS), dice.uniform(1.0, 15.0)
    match dice.choice(("cut", "slow", "half-open", "one-way", "one-way")):
        case "cut":
            return cut(link, seconds)
        case "slow":
            return slow(link, dice.choice((0.02, 0.1, 0.5)), seconds)
        case "half-open":
            return swallowed(link, BOTH, seconds, late=dice.random() < 0.5)
        case _:
            return swallowed(link, (dice.choice(BOTH),), seconds, late=dice.random() < 0.5)


def _clock(dice: random.Random) -> Fault:
    if dice.random() < 0.3:
        return database_clock_stepped(dice.choice((-10.0, 30.0, 90.0)))
    return clock_stepped(dice.choice((*GATEWAYS, PUSH)), dice.choice((-25.0, -5.0, 20.0, 3600.0)), dice.uniform(2, 8))


def choices(fleet: Fleet) -> dict[str, Callable[[random.Random], Fault]]:
    """Everything that can be done on this machine; `_link` comes often because it is many."""
    parts = (*GATEWAYS, PUSH, "postgres", "valkey")
    found: dict[str, Callable[[random.Random], Fault]] = {
        "gateway killed": lambda dice: killed(dice.choice(GATEWAYS)),
        "push worker killed": lambda _: killed(PUSH),
        "valkey killed": lambda _: killed("valkey"),
        "postgres killed": lambda _: killed("postgres"),
        "away": lambda dice: away(dice.choice(parts), dice.uniform(2.0, 10.0)),
        "valkey restarted empty": lambda _: emptied(),
        "gateway frozen": lambda dice: frozen(dice.choice(GATEWAYS), 20.0),
        "other frozen": lambda dice: frozen(dice.choice((PUSH, "valkey")), dice.uniform(3.0, 15.0)),
        "link 1": _link,
        "link 2": _link,
        "link 3": _link,
        "link 4": _link,
        "clock": _clock,
        "file limit": lambda dice: file_limited(dice.uniform(1.0, 5.0)),
        "rolling restart": lambda _: rolling_restart(),
        "reconnect storm": lambda _: storm(),
        "epochs renewed": lambda _: epochs_renewed(),
    }
    if fleet.disk.mounted:
        found["disk full"] = lambda dice: disk_full(dice.uniform(2.0, 8.0))
    return found
