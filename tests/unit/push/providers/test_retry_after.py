from __future__ import annotations

from datetime import UTC, datetime

import pytest

from push.providers.retry_after import seconds

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30", 30),
        (" 7 ", 7),
        ("0", 1),
        ("-5", 1),
        ("100000", 3600),
        ("9" * 400, 3600),
        ("Sun, 01 Nov 2026 12:01:00 GMT", 60),
        ("Sun, 01 Nov 2026 12:01:00 -0000", 60),
        ("Sun, 01 Nov 2020 12:01:00 GMT", 1),
        ("Fri, 01 Nov 2099 12:01:00 GMT", 3600),
        ("", None),
        ("soon", None),
        ("1.5", None),
        ("١٢", None),
        ("Sun, 99 Nov 2026 99:01:00 GMT", None),
    ],
)
def test_only_what_is_readable_counts_within_bounds(text: str, expected: float | None) -> None:
    assert seconds({b"retry-after": text.encode("utf-8")}, NOW) == expected


def test_without_the_field_there_is_no_wish() -> None:
    assert seconds({}, NOW) is None
