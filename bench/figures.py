"""The catalogue of figures: what each of them runs, and how long that takes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.load import durable, fanout, latency, memory, paging, pushes, startup, storm
from bench.load.durable import Load
from bench.load.fanout import Shape
from bench.load.result import Quantity, Result

Options = argparse.Namespace
"""Those of bench.arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`measure` gets a scratch folder. `seconds`: an estimate, on two idle cores. `sockets`: at once, in a process."""

    measure: Callable[[Options, Path], Result | list[Result]]
    seconds: Callable[[Options], float]
    sockets: Callable[[Options], int] = lambda options: 300


def _fan_out(quantity: Quantity, *, messages: int, senders: int, pace: float, rate: int) -> Figure:
    """`messages` times those of the options; `rate`: deliveries per second to be expected of either side."""

    def measure(options: Options, folder: Path) -> Result:
        shape = Shape(
            readers=options.readers,
            messages=options.messages * messages,
            senders=senders,
            pace=pace,
            body=options.body,
        )
        return fanout.measure(quantity, shape, options.runs, folder, options.peers)

    def seconds(options: Options) -> float:
        sent = options.messages * messages
        side = sent / pace if pace else sent * options.readers / rate
        estimate: float = 15 + (options.runs + 1) * (1 + len(options.peers)) * (side + 0.5)
        return estimate

    return Figure(measure=measure, seconds=seconds, sockets=_readers)


def _readers(options: Options) -> int:
    found: int = options.readers + 100
    return found


def _connections(options: Options) -> int:
    found: int = options.connections + 100
    return found


def _clients(options: Options) -> int:
    found: int = options.clients
    return found


def _p3(options: Options, folder: Path) -> Result:
    load = Load(clients=50, channels=200, messages=options.sends, connections=8, body=options.body)
    return durable.measure(durable.P3, load, options.runs, folder)


def _p4(options: Options, folder: Path) -> Result:
    load = Load(clients=100, channels=1, messages=options.sends, connections=8, body=options.body)
    return durable.measure(durable.P4, load, options.runs, folder)


def _p5(options: Options, folder: Path) -> Result:
    return memory.measure(options.connections, 10, options.settle, options.runs, folder)


def _p6(options: Options, folder: Path) -> Result:
    load = Load(clients=50, channels=200, messages=options.sends, connections=8, body=max(options.body, 20))
    return latency.measure(load, 0.3, 10, options.runs, folder)


def _p7(options: Options, folder: Path) -> Result:
    return storm.measure(options.clients, channels=10, missed=5, runs=options.runs, folder=folder)


def _p8(options: Options, folder: Path) -> list[Result]:
    return startup.measure(options.channels, options.runs, folder)


def _p9(options: Options, folder: Path) -> Result:
    return paging.measure(options.history, 500, options.requests, options.runs, folder)


def _p10(options: Options, folder: Path) -> list[Result]:
    return pushes.measure(options.devices, 20, options.runs, folder)


FIGURES: dict[str, Figure] = {
    "p1": _fan_out(fanout.P1, messages=1, senders=1, pace=0, rate=50_000),
    "p1b": _fan_out(fanout.P1B, messages=1, senders=1, pace=20, rate=50_000),
    # Five times the messages of P1: a burst must last long enough for its CPU time to be read.
    "p2": _fan_out(fanout.P2, messages=5, senders=100, pace=0, rate=110_000),
    "p3": Figure(measure=_p3, seconds=lambda options: 20 + (options.runs + 1) * options.sends / 1000),
    "p4": Figure(measure=_p4, seconds=lambda options: 15 + (options.runs + 1) * options.sends / 800),
    "p5": Figure(
        measure=_p5,
        seconds=lambda options: 10 + options.runs * (12 + options.connections / 500),
        sockets=_connections,
    ),
    "p6": Figure(measure=_p6, seconds=lambda options: 20 + options.sends / 1000 + options.runs * 18),
    "p7": Figure(
        measure=_p7, seconds=lambda options: 20 + options.runs * (6 + options.clients / 350), sockets=_clients
    ),
    "p8": Figure(measure=_p8, seconds=startup.seconds),
    "p9": Figure(measure=_p9, seconds=lambda options: 15 + options.history / 30_000 + (options.runs + 1) * 12),
    "p10": Figure(measure=_p10, seconds=lambda options: 20 + (options.runs + 1) * options.devices * 20 / 400),
}
ALIASES = {"p8b": "p8", "p10a": "p10", "p10f": "p10"}
"""They are measured together with these."""
