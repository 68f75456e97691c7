"""What all nodes together counted lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

WINDOW = 5
"""Seconds for which a count matters."""


class SharedCounts(Protocol):
    """Counts per key and second, each node's apart. They may be lost at any time, and nothing is counted twice."""

    async def share(self, counted: Mapping[str, int]) -> Mapping[str, Sequence[int]]:
        """Adds what this node counted since the last call; answers, for each of these keys, with what the other nodes
        counted in this second, in the one before, … WINDOW numbers. One round trip.

        Raises ConnectionError while the others cannot be reached: what was to be added may be lost.
        """
        ...
