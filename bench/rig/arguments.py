"""The command line of `python -m bench load`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from bench.arguments import positive
from bench.rig.plan import PROTOCOLS, Mix, Plan, Protocol
from bench.rig.tally import DIGITS

_DESCRIPTION = """\
Opens clients of every protocol, spread over processes and gateways, lets them send into channels of the sizes given,
and prints deliveries, CPU, latencies, memory, and what was lost, repeated or out of order. It starts a deployment of
its own unless --url names one."""
_ROOMS_MAX = 190
"""Channels that one connection is subscribed to by its connect, some left for others."""


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """`plan` in what is returned says who is where."""
    parser = argparse.ArgumentParser(prog="python -m bench load", description=_DESCRIPTION)
    parser.add_argument(
        "--rooms",
        type=_rooms,
        default="1:500,20:50,1000:1",
        metavar="SIZE:COUNT,…",
        help="how many channels of how many members; 1 stands for one-to-one, two members (default: %(default)s)",
    )
    parser.add_argument(
        "--clients",
        type=positive,
        help="each is a user with one connection (default: the largest room, at least 1,000)",
    )
    parser.add_argument(
        "--protocols",
        type=_shares,
        default="json:60,protobuf:20,twilsock:20",
        metavar="NAME:SHARE,…",
        help="default: %(default)s",
    )
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--rate", type=_above_zero, help="sends per second, whatever is in flight (default: 100)")
    pace.add_argument("--senders", type=positive, help="so many senders, each sends once it was acknowledged")
    parser.add_argument("--seconds", type=_above_zero, default=20.0, help="of sending, in each run (default: 20)")
    parser.add_argument("--runs", type=positive, default=1, help="of sending, with the same clients")
    parser.add_argument("--body", type=_body, default=40, help=f"characters of a message, at least {DIGITS + 1}")
    parser.add_argument(
        "--storm", action="store_true", help="half-way through each run all clients are cut and come back at once"
    )
    parser.add_argument(
        "--missed", type=int, default=2, help="messages in every channel while all are cut (default: 2)"
    )
    parser.add_argument("--nodes", type=positive, default=1, help="gateways to start")
    parser.add_argument(
        "--processes", type=positive, default=os.cpu_count() or 1, help="of clients (default: one per core)"
    )
    parser.add_argument("--opening", type=positive, default=128, help="connections opened at a time")
    parser.add_argument("--url", action="append", help="a running node; repeat it for each node of the deployment")
    parser.add_argument(
        "--credentials",
        type=Path,
        help="with --url: JSON with account_sid, auth_token, service_sid, api_key_sid, api_key_secret, "
        "such as the object after CHAT READY",
    )
    parser.add_argument(
        "--set", type=_setting, action="append", default=[], metavar="CHAT_NAME=VALUE", help="of the deployment started"
    )
    parser.add_argument("--scratch", type=Path, help="folder for servers' data (default: the system's)")
    parser.add_argument("--results", type=Path, default=Path(__file__).parents[1] / "results")
    options = parser.parse_args(arguments)
    if bool(options.url) != bool(options.credentials):
        parser.error("--url and --credentials belong together")
    options.nodes = len(options.url) if options.url else options.nodes
    options.environment = dict(setting.split("=", 1) for setting in options.set)
    options.rate = options.rate or (0.0 if options.senders else 100.0)
    options.plan = _plan(parser, options)
    return options


def _plan(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Plan:
    rooms: list[Mix] = options.rooms
    largest = max(mix.size for mix in rooms)
    clients = options.clients or max(largest, 1000)
    seats = sum(mix.size * mix.count for mix in rooms)
    if clients < largest:
        parser.error(f"a room of {largest} needs at least --clients {largest}")
    if -(-seats // clients) > _ROOMS_MAX:
        parser.error(
            f"{seats} seats for {clients} clients are more than {_ROOMS_MAX} rooms each: "
            f"use at least --clients {-(-seats // _ROOMS_MAX)}"
        )
    return Plan(
        rooms=rooms,
        clients=clients,
        shares=options.protocols,
        processes=min(options.processes, clients),
        nodes=options.nodes,
    )


def _rooms(text: str) -> list[Mix]:
    found = []
    for part in text.split(","):
        size, count = _pair(part, "SIZE:COUNT, as in 20:50")
        if not 1 <= size <= 1000:
            raise argparse.ArgumentTypeError(f"{part}: a channel has 1 to 1000 members")
        if count < 1:
            raise argparse.ArgumentTypeError(f"{part}: at least one channel")
        found.append(Mix(size=max(size, 2), count=count))
    return found


def _shares(text: str) -> dict[Protocol, int]:
    found: dict[Protocol, int] = {}
    for part in text.split(","):
        name, _, share = part.partition(":")
        if name not in PROTOCOLS:
            raise argparse.ArgumentTypeError(
                f"{part}: no protocol is called {name!r}; there are {', '.join(PROTOCOLS)}"
            )
        if share and not share.isdigit():
            raise argparse.ArgumentTypeError(f"{part}: a share is a whole number, as in json:60")
        if weight := int(share or 1):
            found[name] = weight
    if not found:
        raise argparse.ArgumentTypeError("at least one protocol needs a share above 0")
    return found


def _pair(part: str, form: str) -> tuple[int, int]:
    first, colon, second = part.partition(":")
    if not (colon and first.isdigit() and second.isdigit()):
        raise argparse.ArgumentTypeError(f"{part!r} is not {form}")
    return int(first), int(second)


def _above_zero(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError("must be more than 0")
    return number


def _body(text: str) -> int:
    size = int(text)
    if not DIGITS < size <= 10_000:
        raise argparse.ArgumentTypeError(f"must be {DIGITS + 1} to 10000: it says when it was sent")
    return size


def _setting(text: str) -> str:
    name, equals, _ = text.partition("=")
    if not (equals and name.startswith("CHAT_")):
        raise argparse.ArgumentTypeError(f"{text!r} is not CHAT_NAME=VALUE")
    return text
