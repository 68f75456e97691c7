"""P6: send → receive at 30 % load, against a commit, a publish and an echo measured alone."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from bench.load.alone import Alone
from bench.load.audience import Audience
from bench.load.deployment import WEBSOCKET
from bench.load.durable import Load, prepare
from bench.load.percentiles import percentile
from bench.load.product import Product
from bench.load.pump import Pump
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
SLICES = 4
"""Both sides of a run take turns, so that they meet the same moods of the machine."""
BACK_TO_BACK = 500


def measure(load: Load, share: float, seconds: float, runs: int, folder: Path) -> Result:
    """`load.messages` in a closed loop find the full load of a run; each side then gets `share` of its own full load
    for `seconds`."""
    with ExitStack() as stack:
        product = stack.enter_context(Product(folder / "product"))
        progress(f"P6: preparing {load.channels} channels")
        rooms = prepare(product, load, stamp=True)
        hellos = [product.hello(identity) for identity in rooms.readers]
        audience = stack.enter_context(Audience(product.address, WEBSOCKET, hellos, marker=STAMPED, timed=True))
        dsn, broker = product.setting("CHAT_POSTGRES_DSN"), product.setting("CHAT_REDIS_URL")
        alone = stack.enter_context(Alone(dsn, broker, b"x" * 600))
        samples = []
        for number in range(-1, runs):  # the first one only warms up
            progress("P6: " + (f"run {number + 1} of {runs}" if number >= 0 else "warming up"))
            with product.senders(rooms.senders, rooms.request) as pump:
                sample = _run(pump, audience, alone, load.messages, share, seconds)
            if number >= 0:
                samples.append(sample)
    parameters: dict[str, object] = {
        "clients": load.clients,
        "channels": load.channels,
        "share": share,
        "seconds": seconds,
        "runs": runs,
    }
    return Result(
        quantity=P6,
        parameters=parameters,
        samples=samples,
        notes=[
            "full load: closed loop with one send in flight per client; rig and readers share the machine's cores",
            "both sides at the same share of their own full load, in turns, each latency from the moment it was due;"
            " `back to back` is the other side without a pace: a machine that stands still is seen by one trip of it",
        ],
    )


def _run(pump: Pump, audience: Audience, alone: Alone, messages: int, share: float, seconds: float) -> Sample:
    audience.arm(messages)
    full = pump.closed_loop(messages).rate
    audience.wait(30)
    unpaced = alone.back_to_back(BACK_TO_BACK)
    rate, pace = full * share, share * BACK_TO_BACK / sum(unpaced)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(SLICES):
        theirs += alone.paced(round(pace * seconds / SLICES), pace)
        count = round(rate * seconds / SLICES)
        audience.arm(count)
        pump.paced(count, rate)
        ours += [nanoseconds / 1e9 for nanoseconds in audience.wait(30).latencies]
    details = {
        "p50": _milliseconds(ours, 50),
        "alone p50": _milliseconds(theirs, 50),
        "back to back p99": _milliseconds(unpaced, 99),
        "p99.9": _milliseconds(ours, 99.9),
        "most": max(ours) * 1e3,
        "/s": rate,
        "alone /s": pace,
    }
    return Sample(product=_milliseconds(ours, 99), peer=_milliseconds(theirs, 99), details=details)


def _milliseconds(seconds: list[float], percent: float) -> float:
    return percentile(sorted(seconds), percent) * 1e3
