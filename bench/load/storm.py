"""P7: thousands of clients cut at once come back to one gateway and recover what they missed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.load import processes
from bench.load.audience import Audience
from bench.load.deployment import ADDED, WEBSOCKET
from bench.load.product import Product
from bench.load.result import Quantity, Result, Sample, progress
from bench.load.wire import client_frame

P7 = Quantity(
    id="P7",
    title="reconnect storm: all clients cut at once are back with everything missed",
    unit="seconds",
    peer=None,
    must=15.0,
    aim=6.0,
)
_CONNECTIONS_PER_USER = 16  # the server allows 20: probe and stragglers need room


def measure(clients: int, *, channels: int, missed: int, runs: int, folder: Path) -> Result:
    """Users share `channels` rooms in groups; `missed` messages go into every room while everybody is away."""
    users = [f"user-{number}" for number in range(-(-clients // _CONNECTIONS_PER_USER))]
    samples = []
    # The limit of new connections per second is part of what is measured.
    with Product(folder / "product", environment={"CHAT_CONNECT_RATE": "2000"}) as product:
        product.lift_limits()
        progress(f"P7: preparing {channels} channels with {len(users)} members each")
        rooms = [product.channel([*users, "sender"]) for _ in range(channels)]
        for number in range(runs):
            progress(f"P7: run {number + 1} of {runs}, {clients} clients")
            positions = {user: _positions(product, user) for user in users}
            turns = [users[place % len(users)] for place in range(clients)]
            hellos = [product.hello(user, positions=positions[user]) for user in turns]
            # They were connected; leaving the context cuts them all.
            with Audience(product.address, WEBSOCKET, hellos, marker=ADDED):
                pass
            _send(product, rooms, missed)
            deliveries = clients * channels * missed
            before = processes.cpu(product.gateways)
            with Audience(
                product.address, WEBSOCKET, hellos, marker=ADDED, opening=clients, expect=deliveries
            ) as audience:
                delivered = audience.wait(60)
                used = processes.cpu(product.gateways) - before
            if delivered.least != delivered.most or delivered.total != deliveries:
                raise AssertionError(f"every client must get what it missed, once: {delivered}")
            details = {
                "all connected": audience.opened_in,
                "turned away": float(audience.retried),
                "gateway ms/client": used.total / clients * 1e3,
            }
            samples.append(Sample(product=(delivered.last - audience.started) / 1e9, details=details))
    return Result(
        quantity=P7,
        parameters={
            "clients": clients,
            "users": len(users),
            "channels": channels,
            "missed": f"{missed} per channel",
            "runs": runs,
        },
        samples=samples,
        notes=["from the first reconnect; clients come all at once, without the back-off of an SDK"],
    )


def _positions(product: Product, user: str) -> dict[str, dict[str, Any]]:
    client = product.client(user)
    client.close()
    subs: dict[str, dict[str, Any]] = client.connected["subs"]
    return subs


def _send(product: Product, rooms: list[str], missed: int) -> None:
    def request(place: int, number: int, moment: float) -> bytes:
        room = rooms[number % len(rooms)]
        data = f'{{"channel":"{room}","body":"{"x" * 40}"}}'
        return client_frame(f'{{"id":{number + 2},"rpc":{{"method":"message.send","data":{data}}}}}'.encode())

    with product.senders(["sender"], request) as pump:
        pump.closed_loop(len(rooms) * missed)
