"""`python -m bench load`."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from bench.load import machine
from bench.load.deployment import Deployment
from bench.load.product import Product
from bench.load.result import say, show_machine, write_document
from bench.rig import arguments, report
from bench.rig.crew import FailedError
from bench.rig.plan import Plan
from bench.rig.report import Run
from bench.rig.session import Memory, Pace, Session
from bench.rig.terminal import Terminal

_GATEWAY_FILES = 512
_CLIENT_FILES = 64
_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_CREDENTIALS = ("account_sid", "auth_token", "service_sid", "api_key_sid", "api_key_secret")
_OK, _FLAWED, _FAILED, _INTERRUPTED = 0, 1, 2, 130


def main(words: Sequence[str]) -> int:
    options = arguments.parse(words)
    if problem := _unable(options.plan, own=not options.url):
        say(f"not enough of something for {options.plan.clients} clients: {problem}")
        return _FAILED
    facts = machine.describe()
    show_machine(facts)
    if warning := machine.busy(*machine.load()):
        say(warning)
    terminal = Terminal()
    try:
        with ExitStack() as stack:
            return _load(stack, options, facts, terminal)
    except KeyboardInterrupt:
        terminal.clear()
        say("interrupted before anything was measured")
        return _INTERRUPTED
    except (FailedError, OSError, RuntimeError, ValueError, LookupError) as error:
        terminal.clear()
        say(f"failed: {error}")
        return _FAILED


def _load(stack: ExitStack, options: argparse.Namespace, facts: dict[str, str], terminal: Terminal) -> int:
    plan: Plan = options.plan
    deployment, product = _deployment(stack, options, terminal)
    session = Session(deployment, product, plan, options.body, terminal)
    session.make_rooms()
    if product is None:
        stack.callback(session.remove_rooms)
    crew = stack.enter_context(session.crew())
    opened, memory = session.open(crew, options.opening)
    terminal.clear()
    parameters = _parameters(options)
    say("\n" + "  ".join(f"{name}={value}" for name, value in parameters.items()))
    say(f"connected: {plan.clients} clients in {opened:.1f} s ({plan.clients / opened:.0f}/s)" + _said(memory))
    pace = Pace(
        seconds=options.seconds,
        rate=options.rate,
        senders=options.senders or 0,
        storm=options.storm,
        missed=options.missed,
    )
    runs: list[Run] = []
    interrupted = False
    while len(runs) < options.runs and not interrupted:
        name = f"run {len(runs) + 1} of {options.runs}"
        try:
            run, interrupted = session.run(crew, pace, name)
        except KeyboardInterrupt:  # once more, or while it was being added up
            interrupted = True
            break
        terminal.clear()
        report.show(run, f"{name}{', INTERRUPTED' if interrupted else ''}: {run.seconds:.1f} s")
        runs.append(run)
    if not runs:
        raise KeyboardInterrupt
    if len(runs) > 1:
        report.show_spread(runs)
    content = {
        "parameters": parameters,
        "connected seconds": opened,
        "memory": asdict(memory) | {"per connection": memory.per_connection} if memory else None,
        "runs": [run.plain for run in runs],
        "interrupted": interrupted,
    }
    say(f"\n{write_document({'load': content}, facts, options.results, '-load')}")
    return _INTERRUPTED if interrupted else _OK if all(run.flawless for run in runs) else _FLAWED


def _deployment(stack: ExitStack, options: argparse.Namespace, terminal: Terminal) -> tuple[Deployment, Product | None]:
    if options.url:
        ready = json.loads(options.credentials.read_text())
        if missing := [name for name in _CREDENTIALS if not ready.get(name)]:
            raise ValueError(f"{options.credentials} lacks {', '.join(missing)}")
        return Deployment(ready | {"url": options.url[0], "nodes": options.url}), None
    folder = Path(
        stack.enter_context(
            tempfile.TemporaryDirectory(prefix="chat-bench-", dir=options.scratch, ignore_cleanup_errors=True)
        )
    )
    # Under root, Postgres runs as another account: it must be able to reach its data below this folder.
    folder.chmod(0o711)
    terminal.show(f"starting a deployment of {options.nodes} gateways")
    # A storm is measured with the limit of new connections that a deployment has by default.
    storm = {"CHAT_CONNECT_RATE": "2000"} if options.storm else {}
    product = Product(folder / "product", gateways=options.nodes, environment=storm | options.environment)
    stack.enter_context(product)
    product.lift_limits()
    return product, product


def _unable(plan: Plan, *, own: bool) -> str:
    """Empty when the limits of this machine allow so many clients."""
    needed = -(-plan.clients // plan.processes) + _CLIENT_FILES
    if own:
        needed = max(needed, -(-plan.clients // plan.nodes) + _GATEWAY_FILES)
    if problem := machine.missing_files(needed):
        return problem
    first, last = map(int, _PORTS.read_text().split())
    if -(-plan.clients // plan.nodes) > last - first:
        return (
            f"connections to one node leave from ports {first} to {last}: use more --nodes, or as root "
            "`sysctl -w net.ipv4.ip_local_port_range='1024 65535'`"
        )
    return ""


def _parameters(options: argparse.Namespace) -> dict[str, object]:
    plan: Plan = options.plan
    counts = Counter(plan.protocols)
    return {
        "clients": plan.clients,
        "protocols": ",".join(f"{name}:{counts[name]}" for name in plan.shares),
        "rooms": ",".join(f"{mix.size}:{mix.count}" for mix in plan.rooms),
        "pace": f"{options.rate:g}/s" if options.rate else f"{options.senders} senders",
        "seconds": options.seconds,
        "body": options.body,
        "storm": f"{options.missed} missed per room" if options.storm else "no",
        "nodes": plan.nodes,
        "processes": plan.processes,
        "runs": options.runs,
    }


def _said(memory: Memory | None) -> str:
    if memory is None:
        return ""
    return f"; gateways hold {memory.per_connection / 1000:.1f} KB RSS per connection"
