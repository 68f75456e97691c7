"""When a peer wants to be asked again (RFC 9110, 10.2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

SHORTEST: Final = 1.0
LONGEST: Final = 3600.0


def seconds(headers: Mapping[bytes, bytes], now: datetime) -> float | None:
    """Between a second and an hour, however absurd the header; None without a readable one."""
    text = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if not text:
        return None
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        wanted = float(text) if len(text) < 20 else LONGEST
    else:
        try:
            then = parsedate_to_datetime(text)
        except (ValueError, OverflowError, IndexError, TypeError):
            return None
        wanted = ((then if then.tzinfo else then.replace(tzinfo=UTC)) - now).total_seconds()
    return min(LONGEST, max(SHORTEST, wanted))
