"""P5: resident memory of the gateway per idle connection."""

from __future__ import annotations

import time
from pathlib import Path

from bench.load import processes
from bench.load.audience import Audience
from bench.load.deployment import ADDED, WEBSOCKET
from bench.load.product import Product
from bench.load.result import Quantity, Result, Sample, progress

P5 = Quantity(
    id="P5",
    title="idle connection, authenticated and subscribed (native protocol)",
    unit="KB of gateway RSS per connection",
    peer=None,
    must=16.0,
    aim=10.0,
)
_CONNECTIONS_PER_USER = 20
_WARM = 100


def measure(connections: int, channels: int, settle: float, runs: int, folder: Path) -> Result:
    """Each run has a fresh gateway: memory that was freed once would be used again and not be seen."""
    users = [f"user-{number}" for number in range(-(-connections // _CONNECTIONS_PER_USER))]
    warm_users = [f"warm-{number}" for number in range(-(-_WARM // _CONNECTIONS_PER_USER))]
    samples = []
    for number in range(runs):
        with Product(folder / "product") as product:
            if number == 0:
                progress(f"P5: preparing {channels} channels with {len(users)} members each")
                product.lift_limits()
                for _ in range(channels):
                    product.channel([*users, *warm_users])
            progress(f"P5: run {number + 1} of {runs}, {connections} connections")
            warm = [product.hello(warm_users[place % len(warm_users)]) for place in range(_WARM)]
            hellos = [product.hello(users[place % len(users)]) for place in range(connections)]
            with Audience(product.address, WEBSOCKET, warm, marker=ADDED):
                time.sleep(settle)
                before = processes.resident(product.gateways)
                with Audience(product.address, WEBSOCKET, hellos, marker=ADDED) as audience:
                    time.sleep(settle)
                    after = processes.resident(product.gateways)
                    if audience.report().closed:
                        raise AssertionError("connections were closed by the server")
                    samples.append(
                        Sample(
                            product=(after - before) / connections / 1000,
                            details={
                                "MB before": before / 1e6,
                                "MB after": after / 1e6,
                                "connects/s": connections / audience.opened_in,
                            },
                        )
                    )
    return Result(
        quantity=P5,
        parameters={
            "connections": connections,
            "channels": channels,
            "users": len(users),
            "settle": settle,
            "runs": runs,
        },
        samples=samples,
        notes=[f"counted above {_WARM} connections that stay open; a run starts the product anew; 1 KB = 1000 bytes"],
    )
