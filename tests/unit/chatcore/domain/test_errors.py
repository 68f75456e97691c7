from __future__ import annotations

from chatcore.domain.errors import TEMPORARY, ChatError, Code


def test_temporary_are_the_refusals_that_pass_by_themselves() -> None:
    assert {code.name for code in TEMPORARY} == {
        "TOO_MANY_REQUESTS",
        "INTERNAL",
        "UNAVAILABLE",
        "CHANNEL_RATE_EXCEEDED",
        "SERVICE_RATE_EXCEEDED",
    }
    for code in Code:
        assert ChatError(code, "x").temporary == (code in TEMPORARY)


def test_codes_are_those_of_the_twilio_api() -> None:
    assert all(20000 <= code < 21000 or 50000 <= code < 51000 for code in Code)


def test_an_error_reads_as_its_message() -> None:
    error = ChatError(Code.CHANNEL_NOT_FOUND, "Channel x was not found")
    assert (str(error), error.message, error.code) == ("Channel x was not found", "Channel x was not found", 50300)
