"""All attacks by name, as strong as they are for hours on end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .attacks import bombs, deaf, floods, mutated, requests, slow
from .entrances import ENTRANCES, Entrance
from .street import Street
from .target import Target

Attack = Callable[[Target, Street, int], Awaitable[object]]
"""The number is a seed."""


def attacks(count: int) -> dict[str, Attack]:
    """Those of one round, in order; `count` is how many broken messages, frames or requests each has."""
    found = {name: attack for entrance in ENTRANCES.values() for name, attack in _by_way(entrance, count).items()}
    return found | {
        "broken requests": lambda node, street, seed: mutated.requests(node, count, seed),
        "slow handshakes": lambda node, street, seed: slow.handshakes(node, 30),
        "cut bodies": lambda node, street, seed: slow.vanish(node, 300),
        "smuggled requests": lambda node, street, seed: requests.smuggle(node),
        "too large requests": lambda node, street, seed: requests.overdo(node),
        "pipelined requests": lambda node, street, seed: requests.pipeline(node, 5000),
        "deep JSON in commands": lambda node, street, seed: bombs.in_commands(node, street),
        "deep JSON in Twilsock": lambda node, street, seed: bombs.in_twilsock(node, street),
        "deep JSON in REST": lambda node, street, seed: bombs.in_rest(node),
        "connects": lambda node, street, seed: floods.connects(node, 5000),
        "logins": lambda node, street, seed: floods.logins(node, street, 2000),
        "commands": lambda node, street, seed: floods.commands(node, street),
        "pongs": lambda node, street, seed: floods.pongs(node, street),
        "Twilsock requests": lambda node, street, seed: floods.twilsock_requests(node, street),
        "subscriptions": lambda node, street, seed: floods.subscriptions(node, street),
        "watching": lambda node, street, seed: floods.watching(node, street),
        "Sync objects": lambda node, street, seed: floods.sync_objects(node, street),
        "deaf readers": lambda node, street, seed: deaf.readers(node, street, 400),
        "deaf askers": lambda node, street, seed: deaf.askers(node, street, 2000),
    }


def _by_way(way: Entrance, count: int) -> dict[str, Attack]:
    return {
        f"broken messages, {way.name}": lambda node, street, seed: mutated.messages(
            node, way, street.token, count, seed
        ),
        f"broken frames, {way.name}": lambda node, street, seed: mutated.frames(node, way, count, seed),
        f"compressed bombs, {way.name}": lambda node, street, seed: bombs.compressed(node, way, street, 100 << 20),
        f"tiny frames, {way.name}": lambda node, street, seed: floods.tiny_frames(node, way, street),
    }
