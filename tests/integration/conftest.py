"""Fixtures that several rooms share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.redis_cluster import RedisCluster, running_redis_cluster


@pytest.fixture(scope="session")
def three_masters() -> Iterator[RedisCluster]:
    with running_redis_cluster() as started:
        yield started


@pytest.fixture(scope="session")
def three_pairs() -> Iterator[RedisCluster]:
    with running_redis_cluster(replicas=True) as started:
        yield started


@pytest.fixture
async def cluster(three_masters: RedisCluster) -> AsyncIterator[RedisCluster]:
    """Three masters. Tests may move slots, kill servers, and keep to their own `redis_prefix`."""
    yield three_masters
    await three_masters.heal()


@pytest.fixture
async def replicated(three_pairs: RedisCluster) -> AsyncIterator[RedisCluster]:
    """Three masters with a replica each, likewise."""
    yield three_pairs
    await three_pairs.heal()
