from __future__ import annotations

import json

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.webhooks import Action, Vocabulary
from chatcore.ports.calls import Answered
from chatcore.webhooks.answer import judged

CHAT, CONVERSATIONS = Vocabulary.CHAT, Vocabulary.CONVERSATIONS
EVERYTHING = {"body": "b", "author": "a", "attributes": "{}", "friendly_name": "f", "unique_name": "u", "role": "r"}


def changes(body: object, action: Action = Action.MESSAGE_ADD, vocabulary: Vocabulary = CHAT) -> dict[str, str]:
    return dict(judged(vocabulary, action, Answered(200, json.dumps(body).encode())))


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_every_2xx_lets_it_happen(status: int) -> None:
    assert judged(CHAT, Action.MESSAGE_ADD, Answered(status)) == {}
    assert judged(CHAT, Action.MESSAGE_ADD, Answered(status, b'{"body":"x"}')) == {"body": "x"}


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
def test_errors_refuse_it(status: int) -> None:
    with pytest.raises(ChatError) as caught:
        judged(CHAT, Action.MESSAGE_ADD, Answered(status, b'{"body":"x"}'))
    assert caught.value.code is Code.WEBHOOK_REJECTED


@pytest.mark.parametrize("status", [100, 301, 302, 307, 308])
def test_what_is_neither_changes_nothing(status: int) -> None:
    assert judged(CHAT, Action.MESSAGE_ADD, Answered(status, b'{"body":"x"}')) == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"ok", b"[]", b'"x"', b"null", b"7", b"\xff\xfe", b'{"body":', b"<p>", b"[" * 60_000, b"1" * 6000],
)
def test_what_is_no_json_object_changes_nothing(body: bytes) -> None:
    assert judged(CHAT, Action.MESSAGE_ADD, Answered(200, body)) == {}


@pytest.mark.parametrize(
    ("vocabulary", "action", "names"),
    [
        (CHAT, Action.MESSAGE_ADD, {"body", "author", "attributes"}),
        (CHAT, Action.MESSAGE_UPDATE, {"body", "author", "attributes"}),
        (CHAT, Action.MESSAGE_REMOVE, set()),
        (CHAT, Action.CHANNEL_ADD, {"friendly_name", "unique_name", "attributes"}),
        (CHAT, Action.CHANNEL_UPDATE, {"friendly_name", "unique_name", "attributes"}),
        (CHAT, Action.CHANNEL_REMOVE, set()),
        (CHAT, Action.MEMBER_ADD, set()),
        (CHAT, Action.MEMBER_UPDATE, set()),
        (CHAT, Action.USER_UPDATE, set()),
        (CONVERSATIONS, Action.MESSAGE_ADD, {"body", "author", "attributes"}),
        (CONVERSATIONS, Action.MESSAGE_UPDATE, {"body", "author", "attributes"}),
        (CONVERSATIONS, Action.CHANNEL_ADD, {"friendly_name"}),
        (CONVERSATIONS, Action.CHANNEL_UPDATE, {"friendly_name"}),
        (CONVERSATIONS, Action.MEMBER_ADD, set()),
        (CONVERSATIONS, Action.USER_UPDATE, set()),
    ],
)
def test_only_some_fields_can_be_changed(vocabulary: Vocabulary, action: Action, names: set[str]) -> None:
    assert changes(EVERYTHING, action, vocabulary) == {name: EVERYTHING[name] for name in names}


def test_attributes_may_be_json_instead_of_text() -> None:
    assert changes({"attributes": {"ü": [1, None]}}) == {"attributes": '{"ü":[1,null]}'}
    assert changes({"attributes": '{ "a": 1 }'}) == {"attributes": '{ "a": 1 }'}


def test_null_changes_nothing() -> None:
    assert changes({"body": None, "attributes": None}) == {}


@pytest.mark.parametrize("value", [1, True, [], {}])
def test_a_body_that_is_no_text_is_an_error(value: object) -> None:
    with pytest.raises(ChatError) as caught:
        changes({"body": value})
    assert caught.value.code is Code.INVALID_PARAMETER
