"""Workers that answer for each other."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatcore.siblings import SiblingServer, merge_metrics, merged_metrics, reasons_not_ready
from chatcore.telemetry import Metrics


async def _ready() -> bytes:
    return b""


async def _not_ready() -> bytes:
    return b"Postgres does not answer\ndraining\n"


def _server(folder: Path, node: str, metrics: Metrics, *, ready: bool = True) -> SiblingServer:
    async def render() -> bytes:
        return metrics.render()

    return SiblingServer(folder, node, metrics=render, readiness=_ready if ready else _not_ready)


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s")


async def test_metrics_of_all_workers_are_merged_with_their_names(folder: Path) -> None:
    servers = []
    for number in (1, 2):
        metrics = Metrics()
        metrics.deliveries.labels('odd "name"').inc(number)
        servers.append(_server(folder, f"w{number}", metrics))
        await servers[-1].start()
    text = (await merged_metrics(folder)).decode()
    for server in servers:
        await server.stop()
    assert 'chat_deliveries_total{node="w1",protocol="odd \\"name\\""} 1.0' in text
    assert 'chat_deliveries_total{node="w2",protocol="odd \\"name\\""} 2.0' in text
    assert 'chat_outbound_bytes{node="w1"} 0.0' in text
    assert text.count("# TYPE chat_deliveries_total counter") == 1
    assert await merged_metrics(folder) == b""


async def test_all_are_ready_when_each_is(folder: Path) -> None:
    one, two = _server(folder, "w1", Metrics()), _server(folder, "w2", Metrics())
    await one.start()
    assert await reasons_not_ready(folder, 2) == ["1 of 2 workers run"]
    await two.start()
    assert await reasons_not_ready(folder, 2) == []
    await one.stop()
    await two.stop()


async def test_reasons_are_told_apart_by_worker(folder: Path) -> None:
    server = _server(folder, "w1", Metrics(), ready=False)
    await server.start()
    assert await reasons_not_ready(folder, 1) == ["w1: Postgres does not answer", "w1: draining"]
    await server.stop()


async def test_a_dead_worker_is_a_reason(folder: Path) -> None:
    (folder / "w1.sock").touch()
    assert await reasons_not_ready(folder, 1) == ["w1: does not answer"]
    assert await merged_metrics(folder) == b""


async def test_a_restarted_worker_takes_its_place_again(folder: Path) -> None:
    (folder / "w1.sock").touch()
    server = _server(folder, "w1", Metrics())
    await server.start()
    assert await reasons_not_ready(folder, 1) == []
    await server.stop()


def test_merging_nothing_gives_nothing() -> None:
    assert merge_metrics({}) == b""
