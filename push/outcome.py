"""What became of a job."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing is left to do, whether it was done or has become pointless."""


@dataclass(frozen=True, slots=True)
class Later:
    """To be tried again after so many seconds. What `counts` is an attempt of the job; what does not was no fault of
    its own."""

    after: float
    why: str
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Dead:
    """Never to be tried again by itself; kept for operators to look at."""

    why: str


Outcome = Done | Later | Dead
