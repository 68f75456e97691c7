"""Names on the Redis side of the broker."""

from __future__ import annotations

from typing import Final

from chatcore.domain.events import Topic
from chatcore.resp.slots import partition, tags

PREFIX: Final = "chat:"


class ChannelNames:
    """Topic ↔ Redis channel.

    Redis does not part pub/sub by database number, so the number goes into the name: products that share a server by
    number stay apart.
    """

    def __init__(self, prefix: str, db: int) -> None:
        self._prefix = (f"{prefix}{db}:" if db else prefix).encode()

    def channel(self, topic: Topic) -> bytes:
        return self._prefix + topic.encode()

    def topic(self, channel: bytes) -> Topic | None:
        """None for a channel of somebody else."""
        if not channel.startswith(self._prefix):
            return None
        return Topic(channel[len(self._prefix) :].decode())


class ShardChannelNames:
    """Topic → partition and channel of a cluster. Topics of one partition share a slot."""

    def __init__(self, prefix: str) -> None:
        self._prefixes = [prefix.encode() + tag + b":" for tag in tags()]

    def place(self, topic: Topic) -> tuple[int, bytes]:
        name = topic.encode()
        number = partition(name)
        return number, self._prefixes[number] + name


def node_topic(node: str) -> Topic:
    """Where the answers for one node arrive. No stream has this name: it is used by the broker alone."""
    return Topic(f"node:{node}")
