"""What every call to the server keeps to."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from chatcore.presence.server import Server, hold, reach

EXISTS = [("any", ("EXISTS", "any"))]


def single(url: str) -> Server:
    return reach(url, name="test", away="away", connections=2, again=0)


@pytest.mark.parametrize("lasting", [False, True])
async def test_a_call_that_is_cancelled_at_any_moment_ends_so(redis_url: str, lasting: bool) -> None:
    """Otherwise a loop that calls again and again would outlive its cancellation, and the process its end."""
    server = hold(redis_url, name="test", away="away") if lasting else single(redis_url)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(server.close)
        await server.call(EXISTS)
        heeded = 0
        for turns in range(60):
            call = asyncio.create_task(server.call(EXISTS))
            for _ in range(turns):
                await asyncio.sleep(0)
            heeded += call.cancel()
            await asyncio.wait([call])
            assert call.cancelled() or call.result() == [0]
            assert call.cancelled() == bool(call.cancelling()), f"after {turns} turns of the loop"
        assert heeded
