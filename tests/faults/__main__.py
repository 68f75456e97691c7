"""`make soak`: one fault after the other for a quarter of an hour. Exit codes: 0 nothing was lost, 1 something was, 130
stopped by Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import secrets
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from .menu import Fault, choices
from .report import Line, Report
from .town import Size, Town, town

KEPT = ("report.json", "report.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Breaks the product and counts.")
    parser.add_argument("--minutes", type=float, default=15.0, help="how long faults are made (15)")
    parser.add_argument("--seed", type=int, default=None, help="repeats the faults of an earlier run")
    parser.add_argument("--crowd", type=int, default=300, help="clients that come back all at once (300)")
    parser.add_argument("--rate", type=float, default=8.0, help="messages per second and writer (8)")
    parser.add_argument("--only", default="", help="only faults whose kind or name contains this")
    parser.add_argument("--folder", type=Path, default=None, help="for logs and the report; must not exist")
    given = parser.parse_args()
    seed = secrets.randbelow(10**6) if given.seed is None else given.seed
    folder = given.folder or Path("/tmp") / f"chat-soak-{datetime.now(UTC):%Y%m%d-%H%M%S}-{seed}"
    _say(f"seed {seed}, {given.minutes:g} minutes, logs in {folder}")
    random.seed(seed)
    report = Report(seed=seed, minutes=given.minutes)
    size = Size(crowd=given.crowd, rate=given.rate)
    code = 1
    try:
        asyncio.run(_soak(report, folder, size, given.only))
        code = 0 if report.good else 1
    except KeyboardInterrupt:
        report.notes.append("stopped by hand")
        code = 130
    finally:
        _end(report, folder, given.minutes)
    sys.exit(code)


async def _soak(report: Report, folder: Path, size: Size, only: str) -> None:
    logging.disable(logging.CRITICAL)  # what the supervisor says of the dead is in the report
    async with town(folder, size, {}) as place:
        disk = place.fleet.disk
        report.notes.append(
            "the database has a file system of its own, which can be full"
            if disk.mounted
            else f"disk full: {disk.why_not}; the file limit stands for it"
        )
        dice = random.Random(report.seed)
        deck: list[str] = []
        menu = choices(place.fleet)
        try:
            await place.healed()
            end = time.monotonic() + report.minutes * 60
            while time.monotonic() < end and not report.violations:
                deck = deck or dice.sample(sorted(menu), len(menu))
                fault = menu[deck.pop()](dice)
                if only in f"{fault.kind} {fault.name}":
                    await _one(report, place, fault)
            if not report.violations:
                await _last(report, place)
        except Exception as error:
            _say(f"{type(error).__name__}: {error}")
            report.violations.append(f"{type(error).__name__}: {error}")
            report.violations += place.ledger.faults[:50]


async def _one(report: Report, place: Town, fault: Fault) -> None:
    number = len(report.lines) + 1
    began = time.monotonic()
    try:
        await fault.inject(place)
        injected = time.monotonic()
        heal = await place.healed()
        balance = await place.balance()
    except AssertionError as error:
        raise AssertionError(
            f"fault {number}, {fault.name}, after {time.monotonic() - began:.0f} s: {error}"
        ) from error
    line = Line.of(number, fault.kind, fault.name, injected - began, heal, balance)
    report.lines.append(line)
    _say(str(line))
    if not balance.even:
        report.violations.append(f"fault {number}, {fault.name}: {balance}")
        report.violations += balance.faults[:50]


async def _last(report: Report, place: Town) -> None:
    """The books are closed."""
    began = time.monotonic()
    balance = await place.finish()
    report.end = Line.of(len(report.lines) + 1, "end", "nobody writes any more", 0.0, time.monotonic() - began, balance)
    _say(str(report.end))
    owed = await place.outbox()
    report.violations += [*balance.faults[:50], *(f"{what} never came" for what in owed[:50])]
    world = place.outside
    report.webhooks, report.pushes = len(set(world.hooked)), len(set(world.owed))
    report.repeated = {
        "sends that were repeated and happened once": place.ledger.repeated,
        "webhooks told again": sum(count - 1 for sid, count in world.told().items() if sid),
        "pushes sent again": sum(count - 1 for count in world.rung.values()),
    }
    if balance.lost or balance.doubled or balance.disordered:
        report.violations.append(str(balance))
    report.finished = True
    _say(f"webhooks {report.webhooks}, pushes {report.pushes}, never came {len(owed)}, {report.repeated}")


def _end(report: Report, folder: Path, minutes: float) -> None:
    report.ended = datetime.now(UTC)
    shutil.rmtree(f"{folder}-keys", ignore_errors=True)
    if not folder.exists():
        return
    report.write(folder)
    if report.good:
        for file in folder.iterdir():
            if file.name not in KEPT:
                file.unlink()
        _say(f"nothing was lost; the report is {folder / 'report.md'}")
        return
    for violation in report.violations[:20]:
        _say(violation)
    again = f"make soak MINUTES={minutes:g} SEED={report.seed}"
    _say(f"{'VIOLATED' if report.violations else 'stopped'}; again with: {again}; report and logs are in {folder}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
