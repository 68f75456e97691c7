"""P6: send → receive at 30 % load, against a commit, a publish and an echo measured alone."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from pathlib import Path

from bench.load import alone
from bench.load.audience import Audience
from bench.load.deployment import WEBSOCKET
from bench.load.durable import Load, prepare
from bench.load.percentiles import percentile
from bench.load.product import Product
from bench.load.result import Quantity, Result, Sample, progress

P6 = Quantity(
    id="P6",
    title="send → receive at a share of the full load, p99, against (commit + publish + echo) alone, p99",
    unit="ms",
    peer="alone",
    must=4.0,
    aim=2.0,
)
STAMPED = '"body":"t'


def measure(load: Load, share: float, seconds: float, runs: int, folder: Path) -> Result:
    """`load.messages` are used to find the full load, in a closed loop."""
    with ExitStack() as stack:
        product = stack.enter_context(Product(folder / "product"))
        progress(f"P6: preparing {load.channels} channels")
        rooms = prepare(product, load, stamp=True)
        hellos = [product.hello(identity) for identity in rooms.readers]
        audience = stack.enter_context(Audience(product.address, WEBSOCKET, hellos, marker=STAMPED, timed=True))
        rates = []
        for _ in range(3):
            with product.senders(rooms.senders, rooms.request) as pump:
                audience.arm(load.messages)
                rates.append(pump.closed_loop(load.messages).rate)
                audience.wait(30)
        full = statistics.median(rates)
        rate = full * share
        samples = []
        for number in range(runs):
            progress(f"P6: run {number + 1} of {runs} at {rate:.0f} of {full:.0f} messages/s")
            base = alone.round_trips(
                product.setting("CHAT_POSTGRES_DSN"), product.setting("CHAT_REDIS_URL"), 2000, b"x" * 600
            )
            count = int(rate * seconds)
            with product.senders(rooms.senders, rooms.request) as pump:
                audience.arm(count)
                pump.paced(count, rate)
                latencies = [nanoseconds / 1e9 for nanoseconds in audience.wait(30).latencies]
            details = {
                "p50": _milliseconds(latencies, 50),
                "alone p50": _milliseconds(base, 50),
                "p99.9": _milliseconds(latencies, 99.9),
                "most": max(latencies) * 1e3,
            }
            samples.append(Sample(product=_milliseconds(latencies, 99), peer=_milliseconds(base, 99), details=details))
    parameters: dict[str, object] = {
        "clients": load.clients,
        "channels": load.channels,
        "full load": f"{full:.0f}/s",
        "share": share,
        "seconds": seconds,
        "runs": runs,
    }
    return Result(
        quantity=P6,
        parameters=parameters,
        samples=samples,
        notes=["full load: closed loop with one send in flight per client; rig and readers share the machine's cores"],
    )


def _milliseconds(seconds: list[float], percent: float) -> float:
    return percentile(sorted(seconds), percent) * 1e3
