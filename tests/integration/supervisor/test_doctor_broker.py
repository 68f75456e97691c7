"""What the doctor says of Redis."""

from __future__ import annotations

import pytest

from chatcore.doctor_broker import broker_finding
from tests.support.redis_cluster import RedisCluster


async def test_a_single_server(redis_url: str) -> None:
    finding = await broker_finding(redis_url)
    assert (finding.ok, finding.text) == (True, "answers")


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "redis+cluster://127.0.0.1:1,127.0.0.1:2"])
async def test_a_server_that_is_not_there(url: str) -> None:
    finding = await broker_finding(url)
    assert not finding.ok
    assert "CHAT_REDIS_URL" in finding.advice


async def test_a_url_that_is_not_understood() -> None:
    finding = await broker_finding("redis+cluster://host/1")
    assert not finding.ok
    assert "no databases" in finding.text


@pytest.mark.xdist_group("redis cluster")
async def test_a_cluster(cluster: RedisCluster) -> None:
    finding = await broker_finding(cluster.url)
    assert finding.ok
    assert "a cluster of 3 masters, all answer" in finding.text


@pytest.mark.xdist_group("redis cluster")
async def test_a_cluster_with_a_server_missing(cluster: RedisCluster) -> None:
    await cluster.servers[1].kill()
    finding = await broker_finding(cluster.url)
    assert not finding.ok
    assert f"127.0.0.1:{cluster.servers[1].port}" in finding.text


@pytest.mark.xdist_group("redis cluster")
async def test_wrong_credentials(cluster: RedisCluster) -> None:
    finding = await broker_finding(cluster.url.replace("//", "//nobody:secret@"))
    assert not finding.ok
    assert "WRONGPASS" in finding.text
    assert "secret" not in str(finding)
