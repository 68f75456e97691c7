from __future__ import annotations

import pytest

from chatcore.domain.errors import ChatError, Code
from gateway.centrifuge.errors import ErrorCode, code_of, reply, reply_to
from gateway.centrifuge.messages import ErrorReply


@pytest.mark.parametrize("code", Code)
@pytest.mark.parametrize("message", ["", "Body is too long"])
def test_every_chat_error_has_an_answer(code: Code, message: str) -> None:
    answer = reply_to(ChatError(code, message))
    assert answer.message
    assert answer.code in {*ErrorCode} or 1000 <= answer.code < 2000
    assert answer.temporary == ChatError(code, message).temporary


@pytest.mark.parametrize("code", Code)
def test_chat_numbers_can_be_converted_back(code: Code) -> None:
    if (number := code_of(code)) >= 1000:
        assert number - 1000 + 50000 == code


@pytest.mark.parametrize(
    ("code", "number"),
    [
        (Code.INTERNAL, 100),
        (Code.UNAVAILABLE, 100),
        (Code.NOT_AUTHORIZED, 103),
        (Code.FORBIDDEN, 103),
        (Code.INVALID_PARAMETER, 107),
        (Code.CHANNEL_RATE_EXCEEDED, 111),
        (Code.SERVICE_RATE_EXCEEDED, 111),
        (Code.TOO_MANY_REQUESTS, 111),
        (Code.REVISION_MISMATCH, 409),
        (Code.WEBHOOK_REJECTED, 1056),
        (Code.CHANNEL_NOT_FOUND, 1300),
        (Code.NOT_A_MEMBER, 1400),
        (Code.INVITE_NOT_FOUND, 1601),
    ],
)
def test_documented_numbers(code: Code, number: int) -> None:
    assert code_of(code) == number


def test_internal_errors_tell_no_detail() -> None:
    for code in (Code.INTERNAL, Code.UNAVAILABLE):
        told = reply_to(ChatError(code, "connection to 10.0.0.7 refused"))
        assert told == ErrorReply(code=100, message="internal server error", temporary=True)


def test_refusals_say_what_was_wrong() -> None:
    assert reply_to(ChatError(Code.INVALID_PARAMETER, "index is missing")).message == "index is missing"
    assert reply_to(ChatError(Code.CHANNEL_NOT_FOUND, "")).message == "channel not found"


@pytest.mark.parametrize("code", ErrorCode)
def test_protocol_error_has_a_text(code: ErrorCode) -> None:
    assert reply(code) == ErrorReply(code=code, message=code.text, temporary=code.temporary)
    assert reply(code, "which one").message == "which one"


def test_only_passing_errors_are_temporary() -> None:
    assert {code for code in ErrorCode if code.temporary} == {100, 111, 113}
