"""Metrics in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatcore.telemetry import METRICS_CONTENT_TYPE


def metrics_routes(render: Callable[[], Awaitable[bytes]]) -> list[Route]:
    """`/metrics`; `render` speaks for this node or for all workers of its port."""

    async def show(request: Request) -> Response:
        return Response(await render(), headers={"content-type": METRICS_CONTENT_TYPE})

    return [Route("/metrics", show)]
