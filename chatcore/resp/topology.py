"""Which master of a cluster serves which partition, as its servers say."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from chatcore.resp.address import Address
from chatcore.resp.link import Link, Replies, dial, ignored
from chatcore.resp.slots import PARTITIONS, partition_slots

Owners = Sequence[Address | None]
"""By partition; None where nobody serves it."""

_ANSWER: Final = 1.0
_MOVING: Final = ("MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "LOADING", "READONLY")


def is_passing(refusal: str) -> bool:
    """Whether a cluster refuses because something has moved or is about to: later, or elsewhere, it will not."""
    return refusal.partition(" ")[0] in _MOVING


def redirection(refusal: str, asked: Address) -> tuple[bool, Address] | None:
    """Whether only this once (ASK), and who serves the slot instead; None for other refusals."""
    kind, _, rest = refusal.partition(" ")
    if kind not in ("MOVED", "ASK"):
        return None
    host, _, port = rest.rpartition(" ")[2].rpartition(":")
    # No host: the server does not know by what name it is reached; its own will do.
    return kind == "ASK", replace(asked, host=host or asked.host, port=int(port))


def owners(answer: object, asked: Address) -> Owners:
    """Understands CLUSTER SLOTS: [first slot, last slot, [master's host, port, …], …] for each range."""
    found: list[Address | None] = [None] * PARTITIONS
    slots = partition_slots()
    if not isinstance(answer, list):
        raise ConnectionError(f"{asked} does not know its cluster")
    for first, last, (host, port, *_), *_ in answer:
        # No host, or a question mark: as with redirections.
        name = host.decode() if host and host != b"?" else asked.host
        address = replace(asked, host=name, port=port)
        for partition in range(bisect_left(slots, first), bisect_right(slots, last)):
            found[partition] = address
    return found


def majority(views: Sequence[Owners]) -> Owners:
    """What most say. While something moves, servers hear of it one after the other, and one that is cut off from the
    others not at all."""
    if len(views) == 1:
        return views[0]
    return [Counter(said).most_common(1)[0][0] for said in zip(*views, strict=True)]


async def survey(links: Iterable[tuple[Address, Link]], seeds: Iterable[Address]) -> Owners:
    """Asks all servers that are connected; if none answers, one of the seeds after the other.

    Raises ConnectionError when nobody knows. Takes a second, and two more for each seed that is silent.
    """
    asked = [(address, ignored(link.call(("CLUSTER", "SLOTS")))) for address, link in links]
    if asked:
        await asyncio.wait([call for _, call in asked], timeout=_ANSWER)
        views = [owners(call.result()[0], address) for address, call in asked if _answered(call)]
        if views:
            return majority(views)
    trouble = "names no server"
    for seed in seeds:
        try:
            link = await dial(seed, lambda _channel, _data: None, name="chat-topology")
        except ConnectionError as error:
            trouble = str(error)
            continue
        try:
            async with asyncio.timeout(_ANSWER):
                (answer,) = await link.call(("CLUSTER", "SLOTS"))
            return owners(answer, seed)
        except (ConnectionError, TimeoutError) as error:
            trouble = str(error) or f"{seed} does not answer"
        finally:
            link.abort()
    raise ConnectionError(trouble)


def _answered(call: asyncio.Future[Replies]) -> bool:
    return call.done() and not call.cancelled() and call.exception() is None
