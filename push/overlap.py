"""Writing down what was done while the next is done already."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def overlapped(
    settling: Coroutine[Any, Any, bool],  # Any: what coroutines are sent
    sending: Coroutine[Any, Any, T],
) -> T | None:
    """Both at once; what `sending` returns. Where `settling` is false, which says that the job belongs to somebody else
    by now, `sending` is cancelled at once, and there is nothing. Where it raises, `sending` comes to its end first:
    what is in flight then gets its answer, and is not sent again."""
    settle, send = asyncio.create_task(settling), asyncio.create_task(sending)
    both = (settle, send)
    try:
        await asyncio.wait([settle])
        if settle.exception() is None and not settle.result():
            return None
        await asyncio.wait([send])
        settle.result()
        return send.result()
    finally:
        running = [task for task in both if not task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        for task in both:  # one failure is enough, and is what was raised
            if not task.cancelled():
                task.exception()
