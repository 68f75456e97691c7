"""Times single functions."""

from __future__ import annotations

import timeit
from collections.abc import Callable


def nanoseconds(call: Callable[[], object], *, per: int = 1) -> float:
    """Best of five of one call, divided by `per`: noise only ever adds."""
    timer = timeit.Timer(call)
    loops, _ = timer.autorange()
    return min(timer.repeat(5, loops)) / loops / per * 1e9
