from __future__ import annotations

import httpx
from starlette.applications import Starlette

from chatcore.telemetry import Metrics
from gateway.metrics import metrics_routes


async def test_metrics_are_prometheus_text() -> None:
    metrics = Metrics()
    metrics.connections.labels("centrifuge").set(3)

    async def render() -> bytes:
        return metrics.render()

    transport = httpx.ASGITransport(Starlette(routes=metrics_routes(render)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        response = await http.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'chat_connections{protocol="centrifuge"} 3.0' in response.text
