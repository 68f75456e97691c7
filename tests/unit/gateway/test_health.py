from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette

from gateway.health import health_routes


async def ask(path: str, *reasons: str) -> httpx.Response:
    async def readiness() -> list[str]:
        return list(reasons)

    transport = httpx.ASGITransport(Starlette(routes=health_routes(readiness)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.get(path)


async def test_a_process_that_answers_lives_even_when_it_is_not_ready() -> None:
    response = await ask("/healthz", "draining")
    assert (response.status_code, response.text) == (200, "ok\n")


@pytest.mark.parametrize(
    ("reasons", "status", "text"),
    [((), 200, "ready\n"), (("draining",), 503, "draining\n"), (("a\r\nb", "c"), 503, "a b\nc\n")],
)
async def test_readiness_has_a_line_per_reason(reasons: tuple[str, ...], status: int, text: str) -> None:
    response = await ask("/readyz", *reasons)
    assert (response.status_code, response.text) == (status, text)
    assert response.headers["cache-control"] == "no-store"
