from __future__ import annotations

import json

import pytest

from gateway.sockets.close import Close


@pytest.mark.parametrize("close", Close)
def test_reasons_fit_a_close_frame_and_are_not_json(close: Close) -> None:
    assert 0 < len(close.reason.encode()) <= 123
    with pytest.raises(json.JSONDecodeError):
        json.loads(close.reason)


def test_codes_are_unique_and_may_be_sent() -> None:
    codes = [close.code for close in Close]
    assert len(set(codes)) == len(codes)
    assert all(3000 <= code < 5000 for code in codes)


def test_the_range_says_whether_clients_come_back() -> None:
    assert not Close.SHUTDOWN.terminal
    assert not Close.TRY_AGAIN_LATER.terminal
    assert Close.INVALID_TOKEN.terminal
    assert Close.BAD_REQUEST.terminal
