"""Progress: one line that changes where somebody looks, now and then a new one where it is a log."""

from __future__ import annotations

import sys
import time

_LOG = 10.0
"""Seconds between lines of a log."""
_SCREEN = 0.2


class Terminal:
    def __init__(self) -> None:
        self._screen = sys.stderr.isatty()
        self._last = float("-inf")

    def show(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last < (_SCREEN if self._screen else _LOG):
            return
        self._last = now
        sys.stderr.write(f"\r\x1b[K  … {text}" if self._screen else f"  … {text}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Before something that stays is printed."""
        if self._screen:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
        self._last = float("-inf")
