"""P3, P4: what an acknowledged durable send costs, and how many fit into one hot channel, against a plain program."""

from __future__ import annotations

import json
import statistics
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.load import processes
from bench.load.audience import Audience
from bench.load.deployment import ADDED, WEBSOCKET
from bench.load.machine import python
from bench.load.product import Product
from bench.load.pump import Request
from bench.load.result import Quantity, Result, Sample, progress
from bench.load.wire import client_frame

P3 = Quantity(
    id="P3",
    title="acknowledged durable send, all processes, against one transaction per message (client + Postgres)",
    unit="µs CPU per message",
    peer="plain",
    must=1.0,
    aim=0.6,
)
P4 = Quantity(
    id="P4",
    title="sends into one hot channel, against one transaction per message on one hot row",
    unit="messages/s",
    peer="plain",
    must=2.0,
    aim=4.0,
    at_least=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """`clients` senders with one send in flight each over `channels`, each of which has one reader."""

    clients: int
    channels: int
    messages: int
    connections: int  # of the plain program
    body: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """Channels with a reader and a sender each, and how to send into them."""

    senders: list[str]
    readers: list[str]
    request: Request


def prepare(product: Product, load: Load, *, stamp: bool = False) -> Rooms:
    """With `stamp` bodies start with the moment their latency counts from, as the reader program wants it."""
    product.lift_limits()
    product.wear_in()
    senders = [f"sender-{number}" for number in range(load.clients)]
    readers = [f"reader-{number}" for number in range(load.channels)]
    if load.channels == 1:
        rooms = [product.channel([*senders, *readers])]
    else:
        rooms = [product.channel([readers[number], senders[number % load.clients]]) for number in range(load.channels)]
    # Each sender takes its own rooms in turn.
    own = [rooms if load.channels == 1 else rooms[place :: load.clients] for place in range(load.clients)]
    return Rooms(senders=senders, readers=readers, request=_request(own, load.body, stamp=stamp))


def _request(own: list[list[str]], body: int, *, stamp: bool) -> Request:
    text = "x" * body
    turns = [0] * len(own)

    def request(place: int, number: int, moment: float) -> bytes:
        turns[place] += 1
        channel = own[place][turns[place] % len(own[place])]
        content = f"t{round(moment * 1e9):019d}{text[20:]}" if stamp else text
        return client_frame(
            f'{{"id":{number + 2},"rpc":{{"method":"message.send",'
            f'"data":{{"channel":"{channel}","body":"{content}"}}}}}}'.encode()
        )

    return request


def measure(quantity: Quantity, load: Load, runs: int, folder: Path) -> Result:
    with ExitStack() as stack:
        product = stack.enter_context(Product(folder / "product"))
        progress(f"{quantity.id}: preparing {load.channels} channels")
        rooms = prepare(product, load)
        hellos = [product.hello(identity) for identity in rooms.readers]
        audience = stack.enter_context(Audience(product.address, WEBSOCKET, hellos, marker=ADDED))
        samples = []
        for number in range(-1, runs):  # the first one only warms up
            progress(f"{quantity.id}: " + (f"run {number + 1} of {runs}" if number >= 0 else "warming up"))
            messages = load.messages if number >= 0 else load.messages // 4
            ours = _product_side(product, audience, rooms, messages)
            plain = _plain_side(product, load, messages)
            if number >= 0:
                samples.append(_sample(quantity, ours, plain, messages))
    parameters: dict[str, object] = {
        "clients": load.clients,
        "channels": load.channels,
        "messages": load.messages,
        "plain connections": load.connections,
        "runs": runs,
    }
    return Result(
        quantity=quantity,
        parameters=parameters,
        samples=samples,
        notes=["both sides commit to the same Postgres server, one after the other; every message reached its reader"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """CPU in seconds."""

    seconds: float
    cpu: float
    postgres: float
    ack_ms: float = 0.0


def _sample(quantity: Quantity, ours: _Cost, plain: _Cost, messages: int) -> Sample:
    rates = (messages / ours.seconds, messages / plain.seconds)
    costs = (ours.cpu / messages * 1e6, plain.cpu / messages * 1e6)
    if quantity is P4:
        return Sample(
            product=rates[0], peer=rates[1], details={"µs": costs[0], "plain µs": costs[1], "ack ms": ours.ack_ms}
        )
    details = {
        "of it Postgres": ours.postgres / messages * 1e6,
        "plain's Postgres": plain.postgres / messages * 1e6,
        "per s": rates[0],
        "plain per s": rates[1],
        "ack ms": ours.ack_ms,
    }
    return Sample(product=costs[0], peer=costs[1], details=details)


def _product_side(product: Product, audience: Audience, rooms: Rooms, messages: int) -> _Cost:
    with product.senders(rooms.senders, rooms.request) as pump:
        audience.arm(messages)
        everything, postgres = product.everything, product.postgres
        before, postgres_before = processes.cpu(everything), processes.cpu(postgres)
        sent = pump.closed_loop(messages)
        audience.wait(30)
        used, postgres_used = processes.cpu(everything) - before, processes.cpu(postgres) - postgres_before
    return _Cost(
        seconds=sent.seconds,
        cpu=used.total,
        postgres=postgres_used.total,
        ack_ms=statistics.median(sent.latencies) * 1e3,
    )


def _plain_side(product: Product, load: Load, messages: int) -> _Cost:
    command = [python(), "-m", "bench.load.plain", "--dsn", product.setting("CHAT_POSTGRES_DSN")]
    numbers = {
        "connections": load.connections,
        "channels": load.channels,
        "messages": messages,
        "body": load.body,
    }
    arguments = [word for name, value in numbers.items() for word in (f"--{name}", str(value))]
    with subprocess.Popen(
        command + arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        try:
            _hear(process)
            postgres = product.postgres
            before = processes.cpu(postgres)
            process.stdin.write("go\n")
            done = _hear(process)
            used = processes.cpu(postgres) - before
            process.stdin.write("end\n")
        except BaseException:
            process.kill()
            raise
    return _Cost(seconds=done["seconds"], cpu=used.total + done["cpu"], postgres=used.total)


def _hear(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the plain program ended early")
    answer: dict[str, Any] = json.loads(line)
    return answer
