"""Durations, and the bounds of timers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.domain import durations
from chatcore.domain.errors import ChatError, Code

READABLE = {
    "PT1M": timedelta(minutes=1),
    "PT60S": timedelta(minutes=1),
    "PT0S": timedelta(),
    "P1D": timedelta(days=1),
    "P2W": timedelta(weeks=2),
    "P1Y2M3DT4H5M6S": timedelta(days=365 + 60 + 3, hours=4, minutes=5, seconds=6),
    "PT1.5H": timedelta(minutes=90),
    "PT0,5S": timedelta(milliseconds=500),
    "P1W2D": timedelta(days=9),
    "P100Y": durations.LONGEST,
}
UNREADABLE = [
    "",
    "P",
    "PT",
    "P1DT",
    "1M",
    "PT1",
    "PT1m",
    "pt1M",
    "PT1M ",
    " PT1M",
    "PT1M\n",
    "-PT1M",
    "PT-1M",
    "PT+1M",
    "PT1S1M",
    "P1M1Y",
    "PT1.5H1M",
    "PT.5H",
    "PT1.H",
    "PT1D",
    "P1H",
    "PT١M",
    "P0003-06-04T12:30:05",
    "PT1234567890S",
    "P101Y",
    "P" + "1" * 5000 + "D",
]


@pytest.mark.parametrize(("text", "length"), READABLE.items())
def test_a_duration_is_read(text: str, length: timedelta) -> None:
    assert durations.parse(text) == length


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_is_none_is_refused(text: str) -> None:
    assert durations.parse(text) is None


@given(st.text(alphabet="PTYMWDHS0123456789.,-", max_size=12))
def test_no_text_breaks_it(text: str) -> None:
    length = durations.parse(text)
    assert length is None or timedelta() <= length <= durations.LONGEST


@pytest.mark.parametrize(
    ("text", "seconds"), [("PT1M", 60), ("PT61S", 61), ("PT60.9S", 60), ("P1D", 86_400), ("P100Y", 3_153_600_000)]
)
def test_an_inactive_timer_has_at_least_a_minute(text: str, seconds: int) -> None:
    assert durations.inactive_timer(text) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("PT10M", 600), ("PT600S", 600), ("P1Y", 365 * 86_400)])
def test_a_closed_timer_has_at_least_ten_minutes(text: str, seconds: int) -> None:
    assert durations.closed_timer(text) == seconds


@pytest.mark.parametrize(
    ("timer", "text", "code"),
    [
        (durations.inactive_timer, "PT59S", Code.INACTIVE_TIMER_TOO_SHORT),
        (durations.inactive_timer, "PT0S", Code.INACTIVE_TIMER_TOO_SHORT),
        (durations.inactive_timer, "60", Code.INACTIVE_TIMER_INVALID),
        (durations.closed_timer, "PT9M59S", Code.CLOSED_TIMER_TOO_SHORT),
        (durations.closed_timer, "ten minutes", Code.CLOSED_TIMER_INVALID),
        (durations.closed_timer, "", Code.CLOSED_TIMER_INVALID),
    ],
)
def test_other_timers_are_refused(timer: object, text: str, code: Code) -> None:
    assert callable(timer)
    with pytest.raises(ChatError) as caught:
        timer(text)
    assert caught.value.code is code
