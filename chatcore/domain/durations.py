"""Durations as ISO 8601 writes them, and what the timers of conversations allow.

A calendar has no place here: a year counts as 365 days and a month as 30.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from .errors import ChatError, Code

LONGEST = timedelta(days=100 * 365)
"""What is longer could end after the last day that dates can name."""

INACTIVE_LEAST = timedelta(minutes=1)
CLOSED_LEAST = timedelta(minutes=10)

_UNITS = {"Y": 365 * 86_400, "M": 30 * 86_400, "W": 7 * 86_400, "D": 86_400}
_TIME_UNITS = {"H": 3600, "M": 60, "S": 1}
_NUMBER = r"[0-9]{1,9}(?:[.,][0-9]{1,9})?"
_DURATION = re.compile(
    rf"P(?=[0-9T])((?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?)"
    rf"(?:T(?=[0-9])((?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?))?"
)
_PART = re.compile(rf"({_NUMBER})([YMWDHS])")


def parse(text: str) -> timedelta | None:
    """`P1DT12H`, `PT10M`, `P2W`; only the last part may have a fraction. None for what is no duration, or is longer
    than LONGEST."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    days, times = _PART.findall(match[1] or ""), _PART.findall(match[2] or "")
    parts = [(number.replace(",", "."), _UNITS[unit]) for number, unit in days]
    parts += [(number.replace(",", "."), _TIME_UNITS[unit]) for number, unit in times]
    if any("." in number for number, _ in parts[:-1]):
        return None
    seconds = sum((Decimal(number) * unit for number, unit in parts), Decimal(0))
    if seconds > LONGEST.total_seconds():
        return None
    return timedelta(microseconds=int(seconds * 1_000_000))


def inactive_timer(text: str) -> int:
    """Seconds of silence until a conversation is inactive."""
    return _timer(text, "inactive", INACTIVE_LEAST, Code.INACTIVE_TIMER_INVALID, Code.INACTIVE_TIMER_TOO_SHORT)


def closed_timer(text: str) -> int:
    """Seconds of silence until a conversation is closed."""
    return _timer(text, "closed", CLOSED_LEAST, Code.CLOSED_TIMER_INVALID, Code.CLOSED_TIMER_TOO_SHORT)


def _timer(text: str, name: str, least: timedelta, invalid: Code, too_short: Code) -> int:
    """Whole seconds, rounded down."""
    duration = parse(text)
    if duration is None:
        raise ChatError(invalid, f"The {name} timer must be an ISO 8601 duration such as PT15M")
    if duration < least:
        raise ChatError(too_short, f"The {name} timer must not be shorter than PT{least.seconds // 60}M")
    return int(duration.total_seconds())
