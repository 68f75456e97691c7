"""`python -m bench`: measures the figures of bench/README.md on this machine."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.load import durable, fanout, latency, machine, memory, paging, pushes, startup, storm
from bench.load.durable import Load
from bench.load.fanout import Shape
from bench.load.result import Result, say, show, show_machine, write

Benchmark = Callable[[argparse.Namespace, Path], Result | list[Result]]

SHORT = ("p1", "p2", "p5", "p9")


def _p1(options: argparse.Namespace, folder: Path) -> Result:
    shape = Shape(readers=options.readers, messages=options.messages, senders=1, pace=0, body=options.body)
    return fanout.measure(fanout.P1, shape, options.runs, folder)


def _p1b(options: argparse.Namespace, folder: Path) -> Result:
    shape = Shape(readers=options.readers, messages=options.messages, senders=1, pace=20, body=options.body)
    return fanout.measure(fanout.P1B, shape, options.runs, folder)


def _p2(options: argparse.Namespace, folder: Path) -> Result:
    # Five times the messages of P1: a burst must last long enough for its CPU time to be read.
    shape = Shape(readers=options.readers, messages=5 * options.messages, senders=100, pace=0, body=options.body)
    return fanout.measure(fanout.P2, shape, options.runs, folder)


def _p3(options: argparse.Namespace, folder: Path) -> Result:
    load = Load(clients=50, channels=200, messages=options.sends, connections=8, body=options.body)
    return durable.measure(durable.P3, load, options.runs, folder)


def _p4(options: argparse.Namespace, folder: Path) -> Result:
    load = Load(clients=100, channels=1, messages=options.sends, connections=8, body=options.body)
    return durable.measure(durable.P4, load, options.runs, folder)


def _p5(options: argparse.Namespace, folder: Path) -> Result:
    return memory.measure(options.connections, 10, options.settle, options.runs, folder)


def _p6(options: argparse.Namespace, folder: Path) -> Result:
    load = Load(clients=50, channels=200, messages=options.sends, connections=8, body=max(options.body, 20))
    return latency.measure(load, 0.3, 10, options.runs, folder)


def _p7(options: argparse.Namespace, folder: Path) -> Result:
    return storm.measure(options.clients, channels=10, missed=5, runs=options.runs, folder=folder)


def _p8(options: argparse.Namespace, folder: Path) -> list[Result]:
    return startup.measure(options.channels, options.runs, folder)


def _p9(options: argparse.Namespace, folder: Path) -> Result:
    return paging.measure(options.history, 500, options.requests, options.runs, folder)


def _p10(options: argparse.Namespace, folder: Path) -> Result:
    return pushes.measure(options.devices, 20, options.runs, folder)


BENCHMARKS: dict[str, Benchmark] = {
    "p1": _p1,
    "p1b": _p1b,
    "p2": _p2,
    "p3": _p3,
    "p4": _p4,
    "p5": _p5,
    "p6": _p6,
    "p7": _p7,
    "p8": _p8,
    "p9": _p9,
    "p10": _p10,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("which", nargs="+", choices=[*BENCHMARKS, "all", "every"], help="`all` is the short set")
    parser.add_argument("--runs", type=int, default=5, help="measured runs of each figure (a result needs five)")
    parser.add_argument("--readers", type=int, default=1000, help="P1, P1b, P2")
    parser.add_argument("--messages", type=int, default=200, help="P1, P1b; P2 sends five times as many")
    parser.add_argument("--body", type=int, default=40, help="bytes of a message's text")
    parser.add_argument("--sends", type=int, default=10_000, help="P3, P4, P6: messages of one run")
    parser.add_argument("--connections", type=int, default=2000, help="P5")
    parser.add_argument("--settle", type=float, default=2, help="P5: seconds before memory is read")
    parser.add_argument("--clients", type=int, default=5000, help="P7")
    parser.add_argument(
        "--channels", type=int, nargs="+", default=list(startup.SIZES), help="P8: how many channels a user has"
    )
    parser.add_argument("--history", type=int, default=5_000_000, help="P9: messages of the long channel")
    parser.add_argument("--devices", type=int, default=999, help="P10: members with a device; each gets 20 pushes")
    parser.add_argument("--requests", type=int, default=200, help="P9: pages of each kind in one run")
    parser.add_argument("--scratch", type=Path, help="folder for servers' data (default: the system's)")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    return parser.parse_args()


def main() -> int:
    options = _options()
    names = [name for word in options.which for name in {"all": SHORT, "every": tuple(BENCHMARKS)}.get(word, (word,))]
    machine.raise_file_limit()
    facts = machine.describe()
    show_machine(facts)
    if options.runs < 5:
        say("fewer than five runs: for a look, not for a record")
    results: list[Result] = []
    failed = []
    for name in dict.fromkeys(names):
        with tempfile.TemporaryDirectory(prefix="chat-bench-", dir=options.scratch) as folder:
            # Under root, Postgres runs as another account: it must be able to reach its data below this folder.
            Path(folder).chmod(0o711)
            try:
                found = BENCHMARKS[name](options, Path(folder))
            except Exception as error:
                failed.append(name)
                say(f"\n{name}: no result: {error!r}")
                continue
        for result in found if isinstance(found, list) else [found]:
            results.append(result)
            show(result)
    if results:
        say(f"\n{write(results, facts, options.results)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
