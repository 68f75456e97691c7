from __future__ import annotations

import pytest

from .stage import settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"pong_timeout": 25.0},
        {"pong_timeout": 0.0},
        {"connect_rate": 0.0},
        {"max_connections": 0},
        {"outbound_limit": 0},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        settings(**wrong)
