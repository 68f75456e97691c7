from __future__ import annotations

import pytest
from starlette.responses import Response

from chatcore.domain.errors import ChatError, Code
from gateway.http.call import Call
from gateway.http.errors import HttpError
from gateway.http.router import Route
from gateway.rest.conversations.errors import ABSENT, CODES, in_own_words, translate

from .samples import a_call

OWN = {
    Code.CHANNEL_ROLE_NOT_FOUND: (404, 50109),
    Code.USER_CHANNELS_EXCEEDED: (403, 50214),
    Code.UNIQUE_NAME_TAKEN: (409, 50353),
    Code.UNIQUE_NAME_LOOKS_LIKE_SID: (400, 50390),
    Code.WEBHOOKS_EXCEEDED: (403, 50361),
    Code.TRIGGERS_EXCEEDED: (400, 50362),
    Code.WEBHOOK_TYPE_INVALID: (400, 50364),
    Code.WEBHOOK_FILTER_INVALID: (400, 50365),
    Code.WEBHOOK_TRIGGER_INVALID: (400, 50366),
    Code.WEBHOOK_FLOW_INVALID: (400, 50367),
    Code.WEBHOOK_TYPE_MISSING: (400, 50368),
    Code.WEBHOOK_URL_MISSING: (400, 50369),
    Code.WEBHOOK_FILTER_MISSING: (400, 50370),
    Code.WEBHOOK_TRIGGER_MISSING: (400, 50371),
    Code.WEBHOOK_URL_TOO_LONG: (400, 50372),
    Code.CHANNEL_FULL: (403, 50417),
    Code.CONSUMPTION_TIMESTAMP_INVALID: (400, 20001),
    Code.CONSUMED_INDEX_INVALID: (400, 50421),
    Code.NOT_A_MEMBER: (403, 50430),
    Code.MEMBER_EXISTS: (409, 50433),
}
CHATS = {50101, 50208, 50300, 50306, 50307, 50320, 50321, 50322, *range(50324, 50333), 50400, *range(50402, 50407)}
"""Numbers of Chat for what Conversations calls otherwise."""


@pytest.mark.parametrize("code", Code)
def test_every_refusal_has_an_answer(code: Code) -> None:
    error = translate(ChatError(code, "why"), "/v1/Users/x")
    if code in ABSENT:
        assert (error.status, error.code) == (404, 20404)
        assert error.message == "The requested resource /v1/Users/x was not found"
    else:
        assert (error.status, error.code) == OWN.get(code, (error.status, code))
        assert 400 <= error.status < 600


def test_no_number_of_chat_is_used_where_there_is_an_own_one() -> None:
    assert set(CODES) == set(Code)
    assert not CHATS & set(CODES.values())


def test_internal_errors_say_nothing() -> None:
    error = translate(ChatError(Code.INTERNAL, "secret"), "/")
    assert (error.status, error.message) == (500, "Internal error")


def test_temporary_refusals_ask_to_come_back() -> None:
    assert translate(ChatError(Code.CHANNEL_RATE_EXCEEDED, "slow"), "/").headers == {"Retry-After": "1"}
    assert translate(ChatError(Code.FORBIDDEN, "no"), "/").headers == {}


async def test_routes_speak_their_own_words() -> None:
    async def refuse(call: Call) -> Response:
        raise ChatError(Code.UNIQUE_NAME_TAKEN, "taken")

    async def absent(call: Call) -> Response:
        raise call.not_found()

    with pytest.raises(HttpError) as refused:
        await in_own_words(Route("GET", "/v1/Users", refuse)).handler(a_call())
    assert (refused.value.status, refused.value.code) == (409, 50353)
    with pytest.raises(HttpError) as refused:
        await in_own_words(Route("GET", "/v1/Users", absent)).handler(a_call())
    assert refused.value.code == 20404
