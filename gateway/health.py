"""Whether the process lives, and whether it should be given work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

Readiness = Callable[[], Awaitable[list[str]]]
"""Why the node must not be given work now; empty when it may. Bounds its own time."""

_NOT_CACHED = {"Cache-Control": "no-store"}


def health_routes(readiness: Readiness) -> list[Route]:
    """`/healthz` and `/readyz`, the latter with one line per reason."""

    async def alive(request: Request) -> Response:
        return PlainTextResponse("ok\n", headers=_NOT_CACHED)

    async def ready(request: Request) -> Response:
        reasons = await readiness()
        if not reasons:
            return PlainTextResponse("ready\n", headers=_NOT_CACHED)
        lines = "".join(f"{' '.join(reason.split())}\n" for reason in reasons)
        return PlainTextResponse(lines, status_code=503, headers=_NOT_CACHED)

    return [Route("/healthz", alive), Route("/readyz", ready)]
