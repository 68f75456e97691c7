"""What follows when the handling of a job fails in a way that nobody foresaw."""

from __future__ import annotations

from typing import Final

from .outcome import Dead, Later

ATTEMPTS: Final = 5
"""Claims of one job, after which it is taken for poison: it cannot be read, or it kills its worker."""
_LONGEST: Final = 60.0


def after_failure(attempts: int, why: str) -> Later | Dead:
    """`attempts` includes the one that failed."""
    if attempts >= ATTEMPTS:
        return Dead(why)
    return Later(min(_LONGEST, 2.0 ** (attempts - 1)), why)
