"""What `chatcore doctor` finds out about Redis, a single server or a cluster."""

from __future__ import annotations

import asyncio
from typing import Final

from chatcore import config
from chatcore.broker.topics import PREFIX, ShardChannelNames
from chatcore.domain.events import Topic
from chatcore.finding import Finding
from chatcore.resp.address import Address, is_cluster, parse, parse_cluster
from chatcore.resp.link import dial, pack, refusal
from chatcore.resp.topology import Owners, survey

_PATIENCE: Final = 10.0
_ADVICE: Final = "is the server up, and are host and password in CHAT_REDIS_URL right?"
_SUBJECT: Final = "Redis"


async def broker_finding(url: str) -> Finding:
    """Takes up to ten seconds if servers are silent."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await (_cluster(parse_cluster(url)) if is_cluster(url) else _server(parse(url)))
    except config.ConfigError as error:
        return Finding(subject=_SUBJECT, ok=False, text=str(error))
    except (ConnectionError, TimeoutError) as error:
        return Finding(subject=_SUBJECT, ok=False, text=str(error) or "no answer", advice=_ADVICE)


async def _server(address: Address) -> Finding:
    link = await dial(address, lambda _channel, _data: None, name="chat-doctor")
    try:
        await link.call(("PING",))
    finally:
        link.abort()
    return Finding(subject=_SUBJECT, ok=True, text="answers")


async def _cluster(seeds: tuple[Address, ...]) -> Finding:
    owners = await survey((), seeds)
    masters = sorted({owner for owner in owners if owner is not None}, key=str)
    wrong = [problem for master in masters if (problem := await _problem(master, owners))]
    if None in owners:
        wrong.insert(0, f"nobody serves {100 * owners.count(None) / len(owners):.0f} % of the slots")
    if wrong:
        advice = "see `CLUSTER NODES`; what a missing server carries is read from the database, up to 2 s late"
        return Finding(subject=_SUBJECT, ok=False, text="; ".join(wrong), advice=advice)
    shares = [owners.count(master) for master in masters]
    text = f"a cluster of {len(masters)} masters, all answer, {min(shares)} to {max(shares)} of 256 partitions each"
    return Finding(subject=_SUBJECT, ok=True, text=text)


async def _problem(master: Address, owners: Owners) -> str:
    """What hinders a master; empty if nothing does. It is asked to announce something to nobody."""
    names = ShardChannelNames(PREFIX)
    topics = (Topic(f"doctor:{number}") for number in range(100_000))
    _, channel = next(place for place in map(names.place, topics) if owners[place[0]] == master)
    try:
        link = await dial(master, lambda _channel, _data: None, name="chat-doctor")
    except ConnectionError as error:
        return f"{master}: {error}"
    try:
        (reply,) = await link.attempt(pack((b"SPUBLISH", channel, b"")), 1)
    except ConnectionError as error:
        return f"{master}: {error}"
    finally:
        link.abort()
    return f"{master}: {refusal(reply)}" if refusal(reply) else ""
