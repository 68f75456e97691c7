"""The broker that a URL asks for."""

from __future__ import annotations

from chatcore.broker.cluster import ClusterBroker
from chatcore.broker.redis import RedisBroker
from chatcore.broker.topics import PREFIX
from chatcore.resp.address import is_cluster


def broker_at(url: str, *, node: str, prefix: str = PREFIX) -> RedisBroker | ClusterBroker:
    """Not connected yet. Raises ConfigError for a URL that is not understood."""
    if is_cluster(url):
        return ClusterBroker(url, node=node, prefix=prefix)
    return RedisBroker(url, node=node, prefix=prefix)
