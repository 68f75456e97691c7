"""P1, P1b, P2: CPU of the gateway per delivery in a room of 1,000 readers, against nchan handing out the same bytes."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.load import processes
from bench.load.audience import Audience, Delivered
from bench.load.deployment import ADDED, WEBSOCKET
from bench.load.peers.nats import Nats
from bench.load.peers.nchan import RECORDED, Nchan
from bench.load.peers.port import NotInstalledError, Peer
from bench.load.peers.socketio import SocketIo
from bench.load.product import Product
from bench.load.pump import Pump, Request, Sent
from bench.load.result import Quantity, Result, Sample, progress
from bench.load.wire import client_frame

_UNIT = "µs CPU of gateway / nginx worker per delivery"
P1 = Quantity(
    id="P1", title="fan-out, next send after the acknowledgement", unit=_UNIT, peer="nchan", must=1.0, aim=0.8
)
P1B = Quantity(id="P1b", title="fan-out, paced sends", unit=_UNIT, peer="nchan", must=1.25, aim=1.0)
P2 = Quantity(id="P2", title="fan-out, burst of concurrent senders", unit=_UNIT, peer="nchan", must=0.5, aim=0.25)

CONNECTIONS_PER_USER = 10  # the server allows 20, and senders are users too


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """`pace` in sends per second; 0 = as soon as acknowledged."""

    readers: int
    messages: int
    senders: int
    pace: float
    body: int  # bytes

    def drive(self, pump: Pump) -> Sent:
        return pump.paced(self.messages, self.pace) if self.pace else pump.closed_loop(self.messages)


PEERS: dict[str, Callable[[Path, int], Peer]] = {"nchan": Nchan, "nats": Nats, "socketio": SocketIo}
"""The first one is held against the bounds."""


def measure(quantity: Quantity, shape: Shape, runs: int, folder: Path, peers: Sequence[str] = ("nchan",)) -> Result:
    with ExitStack() as stack:
        product = stack.enter_context(Product(folder / "product"))
        product.lift_limits()
        users = [f"reader-{number}" for number in range(-(-shape.readers // CONNECTIONS_PER_USER))]
        channel = product.channel(users)
        request = send(channel, shape.body)
        progress(f"{quantity.id}: connecting {shape.readers} readers to the gateway")
        hellos = [product.hello(users[number % len(users)]) for number in range(shape.readers)]
        audience = stack.enter_context(Audience(product.address, WEBSOCKET, hellos, marker=ADDED))
        frame = _a_publication(product, users[0], request)

        def product_senders() -> Pump:
            return product.senders([users[number % len(users)] for number in range(shape.senders)], request)

        sides, skipped = _open_peers(stack, peers, shape, folder, frame)
        samples = []
        for number in range(-1, runs):  # the first one only warms up
            progress(f"{quantity.id}: " + (f"run {number + 1} of {runs}" if number >= 0 else "warming up"))
            ours = _side(shape, audience, product_senders, product.gateways, product.everything)
            theirs = {name: measured() for name, measured in sides.items()}
            if number >= 0:
                samples.append(_sample(ours, theirs))
    reader = "C" if audience.native else "Python, which lags and so flatters all servers"
    return Result(
        quantity=quantity,
        parameters={
            "readers": shape.readers,
            "messages": shape.messages,
            "senders": shape.senders,
            "pace": f"{shape.pace:g}/s" if shape.pace else "none",
            "runs": runs,
        },
        samples=samples,
        notes=[
            f"publication frame: {len(frame)} bytes; reader program: {reader}",
            "ms: one run, first send to last delivery; `all processes` adds Postgres, Valkey, worker and supervisor",
        ],
        skipped=skipped,
        unproven="" if "nchan" in sides else "the side of nchan is a figure recorded on another machine",
    )


def _open_peers(
    stack: ExitStack, names: Sequence[str], shape: Shape, folder: Path, frame: bytes
) -> tuple[dict[str, Callable[[], _Side]], dict[str, str]]:
    """What measures a run of each peer that could be started, and why the others could not."""
    sides: dict[str, Callable[[], _Side]] = {}
    skipped = {}
    for name in names:
        try:
            peer = PEERS[name](folder / name, shape.readers)
        except (NotInstalledError, RuntimeError) as error:
            skipped[name] = str(error)
            progress(f"{name} is skipped: {error}")
            continue
        stack.callback(peer.close)
        progress(f"connecting {shape.readers} readers to {name}")
        audience = stack.enter_context(
            Audience(peer.address, peer.path, [peer.hello] * shape.readers, marker=ADDED, ready=peer.ready)
        )
        publishers = partial(peer.publishers, shape.senders, frame)
        sides[name] = partial(_side, shape, audience, publishers, peer.workers, [])
    return sides, skipped


def _sample(ours: _Side, theirs: dict[str, _Side]) -> Sample:
    details = {"user": ours.user, "all processes": ours.everything, "ms": ours.milliseconds}
    for name, side in theirs.items():
        details |= {f"{name} user": side.user, f"{name} ms": side.milliseconds}
    return Sample(
        product=ours.cpu,
        peer=theirs["nchan"].cpu if "nchan" in theirs else RECORDED,
        beside={name: side.cpu for name, side in theirs.items() if name != "nchan"},
        details=details,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """Microseconds per delivery, and how long the run took."""

    cpu: float
    user: float
    everything: float
    milliseconds: float


def _side(
    shape: Shape, audience: Audience, senders: Callable[[], Pump], server: list[int], everything: list[int]
) -> _Side:
    deliveries = shape.readers * shape.messages
    with senders() as pump:
        audience.arm(deliveries)
        before, all_before = processes.cpu(server), processes.cpu(everything)
        sent = shape.drive(pump)
        delivered = audience.wait(60)
        used, all_used = processes.cpu(server) - before, processes.cpu(everything) - all_before
    _complete(delivered, shape)
    scale = 1e6 / deliveries
    milliseconds = max(sent.seconds, (delivered.last - delivered.first) / 1e9) * 1e3
    return _Side(
        cpu=used.total * scale, user=used.user * scale, everything=all_used.total * scale, milliseconds=milliseconds
    )


def _complete(delivered: Delivered, shape: Shape) -> None:
    if delivered.least != shape.messages or delivered.most != shape.messages or delivered.closed:
        raise AssertionError(f"every reader must get every message once: {delivered}")


def send(channel: str, body: int) -> Request:
    """message.send into one channel. Commands of a connection count up; its connect took number 1."""
    text = "x" * body

    def request(place: int, number: int, moment: float) -> bytes:
        return client_frame(
            f'{{"id":{number + 2},"rpc":{{"method":"message.send",'
            f'"data":{{"channel":"{channel}","body":"{text}"}}}}}}'.encode()
        )

    return request


def _a_publication(product: Product, identity: str, request: Request) -> bytes:
    """The payload of one real frame as readers get it."""
    client = product.client(identity)
    try:
        with product.senders([identity], request) as pump:
            sizes = []
            for _ in range(20):  # indexes of two digits: closer to the average message
                pump.closed_loop(1)
                while ADDED.encode() not in (payload := client.receive()):
                    pass
                sizes.append(len(payload))
        assert abs(len(payload) - statistics.median(sizes)) < 16, (
            "publications differ in size more than their numbers do"
        )
        return payload
    finally:
        client.close()
