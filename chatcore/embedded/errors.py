"""What can go wrong with embedded servers, worded for the person at the terminal."""

from __future__ import annotations


class EmbeddedError(Exception):
    """An embedded server cannot be started; the message says why and what to do."""
