from __future__ import annotations

import contextlib
import inspect
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.domain import model
from chatcore.domain.errors import ChatError
from chatcore.domain.limits import LIST_MAX
from gateway.centrifuge import params as p
from gateway.centrifuge.rpc import METHODS

KINDS = sorted({kind for kind, _ in METHODS.values()}, key=lambda kind: kind.__name__)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
VALUES: dict[str, Any] = {  # Any: JSON
    "type": "private",
    "status": "joined",
    "level": "muted",
    "identities": ["a", "b"],
    "since": {"offset": 5, "epoch": "e"},
    "attributes": {"a": [1, 2.50]},
    "join": False,
    "force": True,
}
NUMBERS = {"limit", "index", "before", "after", "if_rev", "size"}


def whole(kind: type) -> dict[str, Any]:  # Any: JSON
    """Every parameter of the kind, with a value that fits."""
    names = kind.__struct_fields__  # type: ignore[attr-defined]  # a Struct
    return {name: VALUES.get(name, 5 if name in NUMBERS else "text") for name in names}


def parse(kind: type, value: object) -> Any:  # Any: a Struct
    return p.parse(kind, json.dumps(value).encode())


def refused(kind: type, data: bytes) -> str:
    with pytest.raises(p.BadParams) as caught:
        p.parse(kind, data)
    text = str(caught.value)
    assert text
    return text


@every_kind
def test_every_parameter_is_read(kind: type) -> None:
    found = parse(kind, whole(kind))
    for name, value in whole(kind).items():
        held = getattr(found, name)
        if isinstance(held, msgspec.Raw):
            held = json.loads(bytes(held))
        elif isinstance(held, p.Since):
            held = {"offset": held.offset, "epoch": held.epoch}
        assert held == value


@every_kind
def test_unknown_parameters_are_ignored(kind: type) -> None:
    value = {**whole(kind), "new in version 9": [1], "": {}, "é": None}
    assert parse(kind, value) == parse(kind, whole(kind))


@every_kind
def test_a_wrong_type_names_its_parameter(kind: type) -> None:
    for name in whole(kind):
        if name == "attributes":
            continue  # any JSON
        for wrong in ([1], {"a": 1}, 1.5, "5" if name in NUMBERS or name in ("join", "force", "since") else 5, True):
            if wrong is True and name in ("join", "force"):
                continue
            if wrong == {"a": 1} and name == "since":
                continue
            assert name in refused(kind, json.dumps({**whole(kind), name: wrong}).encode()), (name, wrong)


@every_kind
def test_a_required_parameter_has_to_be_there(kind: type) -> None:
    required = [n for n in whole(kind) if n in ("channel", "identity", "identities", "level")]
    required += ["index"] if kind is p.ReadSet else []
    for name in required:
        if kind is p.UserUpdate:
            continue  # oneself
        for value in ({k: v for k, v in whole(kind).items() if k != name}, {**whole(kind), name: None}):
            assert name in refused(kind, json.dumps(value).encode())


@every_kind
def test_text_that_cannot_be_stored_names_its_parameter(kind: type) -> None:
    for name, value in whole(kind).items():
        if (name in VALUES and name != "identities") or name in NUMBERS:
            continue
        for bad in ("a\\u0000b", "\\ud800", "x\\udfff"):
            text = f'["ok","{bad}"]' if isinstance(value, list) else f'"{bad}"'
            rest = json.dumps({k: v for k, v in whole(kind).items() if k != name})[1:-1]
            data = f'{{"{name}":{text}{"," if rest else ""}{rest}}}'.encode()
            assert refused(kind, data)


@every_kind
@pytest.mark.parametrize(
    "data", [b"[]", b"5", b'"{}"', b"null", b"true", b"{", b"{}x", b"{'a':1}", b" ", b"\xef\xbb\xbf{}"]
)
def test_params_are_an_object(kind: type, data: bytes) -> None:
    refused(kind, data)


@every_kind
def test_bytes_that_are_no_text(kind: type) -> None:
    for name in whole(kind):
        if name == "since":
            continue  # an object, whose unknown members are ignored
        for value in (b'"a\xffb"', b'{"a":"\xc3"}', b'["\xed\xa0\x80"]', b"\xff"):
            rest = json.dumps({k: v for k, v in whole(kind).items() if k != name}).encode()[1:-1]
            data = b'{"' + name.encode() + b'":' + value + (b"," if rest else b"") + rest + b"}"
            refused(kind, data)


@every_kind
def test_nesting_without_end_is_refused_or_left_for_the_limits(kind: type) -> None:
    for depth in (900, 1000, 5000, 60_000):
        for text in ("[" * depth + "]" * depth, '{"a":' * depth + "1" + "}" * depth):
            for name in ("attributes", "unknown", "channel"):
                rest = json.dumps({k: v for k, v in whole(kind).items() if k != name})[1:-1]
                data = f'{{"{name}":{text}{"," if rest else ""}{rest}}}'.encode()
                try:
                    found: Any = p.parse(kind, data)  # Any: a Struct
                except p.BadParams:
                    continue
                assert name != "channel" or "channel" not in whole(kind)
                assert name != "attributes" or "attributes" not in whole(kind) or found.attributes


@settings(deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for kind in (p.ChannelUpdate, p.OfUsers, p.EventList, p.Nothing):
        with contextlib.suppress(p.BadParams):
            p.parse(kind, data)


def test_absent_params_are_an_empty_object() -> None:
    assert p.parse(p.Nothing, b"") == p.Nothing()
    assert p.parse(p.ChannelCreate, b"") == p.ChannelCreate()
    assert p.parse(p.Listing, b"  {}").limit == 50


def test_attributes_keep_their_spelling() -> None:
    found = p.parse(p.ChannelCreate, b'{"attributes": {"b" : 1.50, "a":"\\u00e9"} }')
    assert p.attributes(found.attributes) == '{"b" : 1.50, "a":"\\u00e9"}'
    assert p.attributes(p.parse(p.ChannelCreate, b'{"attributes":null}').attributes) == "{}"
    assert p.attributes(p.parse(p.ChannelCreate, b"{}").attributes) is model.UNSET


def test_an_absent_name_differs_from_a_cleared_one() -> None:
    assert p.text(p.parse(p.ChannelUpdate, b'{"channel":"c"}').unique_name) is model.UNSET
    assert p.text(p.parse(p.ChannelUpdate, b'{"channel":"c","unique_name":null}').unique_name) is None
    assert p.text(p.parse(p.ChannelUpdate, b'{"channel":"c","unique_name":""}').unique_name) == ""


def test_a_message_is_addressed_by_index_or_sid() -> None:
    assert p.message_key(p.OfMessage(channel="c", index=0)) == 0
    assert p.message_key(p.OfMessage(channel="c", sid="IM1")) == "IM1"
    for params in (p.OfMessage(channel="c"), p.OfMessage(channel="c", index=0, sid="IM1")):
        with pytest.raises(p.BadParams):
            p.message_key(params)


@pytest.mark.parametrize("value", [-1, 2**63, 2**64])
def test_indexes_out_of_range(value: int) -> None:
    with pytest.raises(p.BadParams):
        p.index("index", value)
    with pytest.raises(p.BadParams):
        p.message_key(p.OfMessage(channel="c", index=value))
    assert p.index("index", 2**63 - 1) == 2**63 - 1


def test_numbers_too_large_for_anything() -> None:
    huge = p.parse(p.ReadSet, b'{"channel":"c","index":1' + b"0" * 30 + b"}")
    with pytest.raises(p.BadParams):
        p.index("index", huge.index)
    refused(p.ReadSet, b'{"channel":"c","index":1' + b"0" * 5000 + b"}")


def test_lists_of_names_are_bounded() -> None:
    p.too_many(["a"] * LIST_MAX)
    with pytest.raises(ChatError):
        p.too_many(["a"] * (LIST_MAX + 1))


def test_every_method_takes_three_things() -> None:
    for _, method in METHODS.values():
        assert list(inspect.signature(method).parameters) == ["services", "session", "params"]
