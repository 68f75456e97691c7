"""The tables of the native protocol against the room that speaks it."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest

from chatcore.domain import serial
from chatcore.domain.events import EventType, SignalType
from gateway.centrifuge.errors import ErrorCode
from gateway.centrifuge.rpc import METHODS as IMPLEMENTED
from gateway.reference.native.codes import CLOSES, ERRORS
from gateway.reference.native.events import STREAMS
from gateway.reference.native.methods import METHODS
from gateway.reference.native.resources import RESOURCES
from gateway.sockets.close import Close
from tests.unit.chatcore.domain import test_serial as samples


def test_the_methods_are_those_the_gateway_has() -> None:
    assert sorted(METHODS) == sorted(IMPLEMENTED)


@pytest.mark.parametrize("name", sorted(METHODS.keys() & IMPLEMENTED.keys()))
def test_a_method_lists_the_parameters_it_reads(name: str) -> None:
    fields = msgspec.structs.fields(IMPLEMENTED[name][0])
    shape = METHODS[name].params
    assert set(shape["properties"]) == {field.encode_name for field in fields}
    assert set(shape["required"]) == {field.encode_name for field in fields if field.required}


def test_every_event_and_signal_that_reaches_clients_is_listed_where_it_comes() -> None:
    listed = {stream.key: {publication.type for publication in stream.publications} for stream in STREAMS}
    assert listed["chat"] | listed["me"] == set(EventType)
    assert listed["live"] == set(SignalType)
    assert not listed["chat"] & listed["me"]


def test_every_error_code_in_use_is_explained() -> None:
    reserved = {ErrorCode.UNAUTHORIZED, ErrorCode.EXPIRED, ErrorCode.CONCURRENT_PAGINATION}
    assert set(ERRORS) == set(ErrorCode) - reserved


def test_a_close_code_says_whether_to_come_back() -> None:
    known = {close.code: close for close in Close}
    for code, words in CLOSES.items():
        assert words.endswith("final") is known[code].terminal


def _text(name: str) -> str:
    value = getattr(samples, name.upper())
    text: str = getattr(serial, name.lower())(value)
    return text


@pytest.mark.parametrize("name", ["Channel", "Member", "Message", "Invite", "User"])
def test_a_resource_has_the_members_that_are_written(name: str) -> None:
    written: dict[str, Any] = json.loads(_text(name))  # Any: JSON
    shape = RESOURCES[name]
    assert set(shape["required"]) <= set(written)
    loose = json.loads(json.dumps({**shape, "components": {"schemas": RESOURCES}}).replace('"pattern"', '"x-pattern"'))
    jsonschema.Draft202012Validator(loose).validate(written)
