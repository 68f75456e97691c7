"""The command line of the figures."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.load import fanout, paging, startup

SETS = ("all", "every")
DEVICES, SHORT_DEVICES = 999, 399
_DESCRIPTION = "Measures the figures of bench/README.md on this machine. `python -m bench load` is a load generator."


def parse(
    figures: Sequence[str], aliases: Mapping[str, str], arguments: Sequence[str] | None = None
) -> argparse.Namespace:
    """`names` in what is returned: the figures wanted, each once, in order."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=_DESCRIPTION)
    parser.add_argument(
        "which",
        nargs="+",
        metavar="figure",
        choices=[*figures, *aliases, *SETS],
        help=f"{', '.join(figures)}; all: each of them in a short form; every: each of them",
    )
    parser.add_argument("--runs", type=positive, default=5, help="measured runs of each figure (a result needs five)")
    parser.add_argument(
        "--peers", type=_peers, default=("nchan",), help="P1, P1b, P2: of nchan, nats, socketio, separated by commas"
    )
    parser.add_argument("--readers", type=positive, default=1000, help="P1, P1b, P2")
    parser.add_argument("--messages", type=positive, default=200, help="P1, P1b; P2 sends five times as many")
    parser.add_argument("--body", type=positive, default=40, help="bytes of a message's text")
    parser.add_argument("--sends", type=positive, default=10_000, help="P3, P4, P6: messages of one run")
    parser.add_argument("--connections", type=positive, default=2000, help="P5")
    parser.add_argument("--settle", type=float, default=2, help="P5: seconds before memory is read")
    parser.add_argument("--clients", type=positive, default=5000, help="P7")
    parser.add_argument(
        "--channels", type=positive, nargs="+", help="P8, P8b: how many channels a user has (`all`: 10 and 250)"
    )
    parser.add_argument(
        "--history",
        type=positive,
        default=500_000,
        help=f"P9: messages of the long channel; of record: {paging.OF_RECORD}",
    )
    parser.add_argument(
        "--devices",
        type=positive,
        help=f"P10: members with a device, 20 pushes each ({DEVICES}; `all`: {SHORT_DEVICES})",
    )
    parser.add_argument("--requests", type=positive, default=200, help="P9: pages of each kind in one run")
    parser.add_argument("--scratch", type=Path, help="folder for servers' data (default: the system's)")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args(arguments)
    sets = {name: tuple(figures) for name in SETS} | {alias: (name,) for alias, name in aliases.items()}
    options.names = list(dict.fromkeys(name for word in options.which for name in sets.get(word, (word,))))
    short = options.which == ["all"]
    if options.channels is None:
        options.channels = list(startup.SHORT_SIZES if short else startup.SIZES)
    if options.devices is None:
        options.devices = SHORT_DEVICES if short else DEVICES
    return options


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _peers(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name for name in text.split(",") if name))
    for name in names:
        if name not in fanout.PEERS:
            raise argparse.ArgumentTypeError(f"no peer is called {name!r}; there are {', '.join(fanout.PEERS)}")
    return names
