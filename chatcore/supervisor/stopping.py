"""How a supervisor hears that it should stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def until_asked_to_stop(hurry: Callable[[], None]) -> Iterator[None]:
    """Cancels the block on the first SIGTERM or SIGINT and ends it normally; `hurry` is called on every later one."""
    running = asyncio.current_task()
    if running is None:
        raise AssertionError("runs inside a task")
    asked = False

    def stop() -> None:
        nonlocal asked
        if asked:
            hurry()
        else:
            asked = True
            running.cancel()

    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield
    except asyncio.CancelledError:
        if not asked or running.uncancel() > 0:
            raise
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
