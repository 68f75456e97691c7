from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from chatcore.domain import model
from chatcore.domain.errors import ChatError, Code
from gateway.http.errors import HttpError
from gateway.sdkhttp.reading import form, query, read, unset

from .stage import request


class Inner(msgspec.Struct):
    name: str = ""


class Body(msgspec.Struct, rename={"kind": "type"}):
    friendly_name: str | UnsetType | None = UNSET
    attributes: str | None = None
    kind: str = "public"
    index: int | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    inner: Inner | None = None
    many: list[str] = []
    map: dict[str, str] = {}


def test_members_are_read_and_others_are_not() -> None:
    found = read(Body, request(b' {"friendly_name":null,"type":"private","index":3,"data":{"a":1},"other":[1]} '))
    assert (found.friendly_name, found.kind, found.index, bytes(found.data)) == (None, "private", 3, b'{"a":1}')


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b" \r\n"])
def test_no_body_is_an_empty_one(body: bytes) -> None:
    assert read(Body, request(body)) == Body()


@pytest.mark.parametrize(
    "body",
    [b"[]", b"7", b'"x"', b"{", b"nonsense", b'{"a":}', b"\xff", b'{"type":"\xff"}', b"[" * 50_000, b'{"a":' * 50_000],
)
def test_what_is_no_object(body: bytes) -> None:
    with pytest.raises(HttpError) as refused:
        read(Body, request(body))
    assert (refused.value.status, refused.value.code) == (400, 20001)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b'{"type":5}', "type"),
        (b'{"index":"3"}', "index"),
        (b'{"index":1.5}', "index"),
        (b'{"many":"x"}', "many"),
        (b'{"many":[1]}', "many"),
        (b'{"inner":{"name":null}}', "name"),
        (b'{"attributes":{"a":1}}', "attributes"),
    ],
)
def test_a_member_of_the_wrong_type_is_named(body: bytes, name: str) -> None:
    with pytest.raises(HttpError, match=name) as refused:
        read(Body, request(body))
    assert (refused.value.status, refused.value.code) == (400, 20001)


@pytest.mark.parametrize(
    "body",
    [
        rb'{"type":"a\u0000b"}',
        rb'{"many":["ok","\u0000"]}',
        rb'{"map":{"\u0000":"x"}}',
        rb'{"map":{"x":"\u0000"}}',
        rb'{"inner":{"name":"\u0000"}}',
    ],
)
def test_text_no_database_can_keep(body: bytes) -> None:
    with pytest.raises(ChatError) as refused:
        read(Body, request(body))
    assert refused.value.code is Code.INVALID_PARAMETER


@pytest.mark.parametrize("body", [rb'{"type":"\ud800"}', b'{"data":"\xff"}'])
def test_text_that_is_no_text(body: bytes) -> None:
    with pytest.raises(HttpError):
        read(Body, request(body))


@given(st.binary(max_size=200))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    for attempt in (body, b"{" + body + b"}", b'{"type":"' + body + b'"}'):
        try:
            read(Body, request(attempt))
        except (HttpError, ChatError):
            continue


def test_not_given_is_spelled_as_commands_do() -> None:
    assert unset(UNSET) is model.UNSET
    assert unset(None) is None
    assert unset("x") == "x"


def test_forms() -> None:
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    assert form(request(b"ChannelSid=CH1&x=a%2Bb", content_type=kind)).text("x") == "a+b"
    assert "ChannelSid" not in form(request(b"ChannelSid=CH1", content_type="application/json"))


def test_parameters() -> None:
    found = query(request(params={"PageSize": ("5",), "List": ("a", "b"), "Bad": ("\udcff",)}))
    assert found.integer("PageSize", low=1, high=100) == 5
    assert found.texts("List") == ("a", "b")
    with pytest.raises(ChatError):
        found.text("Bad")
    assert found.text("None") is model.UNSET
