from __future__ import annotations

import pytest

from gateway.centrifuge.messages import ErrorReply, SubscribeRequest, UnsubscribePush


def test_what_the_python_sdk_reads_unconditionally_cannot_be_left_empty() -> None:
    with pytest.raises(ValueError, match="message"):
        ErrorReply(code=100, message="")
    with pytest.raises(ValueError, match="reason"):
        UnsubscribePush(channel="c", code=2500, reason="")


@pytest.mark.parametrize(("flag", "rejects"), [(0, False), (1, False), (2, True), (3, True), (-1, True)])
def test_second_bit_of_the_flag_asks_for_a_refusal(flag: int, rejects: bool) -> None:
    assert SubscribeRequest(flag=flag).rejects_unrecovered is rejects
