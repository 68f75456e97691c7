"""Names and SIDs of Sync objects."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.domain.ids import ChannelSid, UserSid
from gateway.sdkhttp.names import (
    ObjectType,
    Ref,
    channel_document,
    info_map,
    messages_list,
    own_map,
    parse,
    roster_map,
)

CHANNEL, USER = ChannelSid("CH01" + "a" * 30), UserSid("US01" + "b" * 30)
REFS = [
    channel_document(CHANNEL),
    messages_list(CHANNEL),
    roster_map(CHANNEL),
    own_map(USER),
    info_map(USER),
]


@pytest.mark.parametrize("ref", REFS)
def test_an_object_is_found_by_sid_and_by_name(ref: Ref) -> None:
    assert parse(ref.sid, ref.type) == ref
    assert parse(ref.unique_name, ref.type) == ref
    assert len(ref.sid) == 34


def test_no_two_objects_share_a_sid() -> None:
    assert len({ref.sid for ref in REFS}) == len(REFS)


@pytest.mark.parametrize("ref", REFS)
def test_an_object_is_of_one_type(ref: Ref) -> None:
    for kind in ObjectType:
        if kind is not ref.type:
            assert parse(ref.sid, kind) is None
            assert parse(ref.unique_name, kind) is None


def test_the_names_that_sdks_build_themselves() -> None:
    assert channel_document(CHANNEL).unique_name == f"{CHANNEL}.channel"
    assert roster_map(CHANNEL).unique_name == f"{CHANNEL}.roster"


@given(st.text(max_size=80), st.sampled_from(ObjectType))
def test_anything_else_names_nothing(text: str, kind: ObjectType) -> None:
    ref = parse(text, kind)
    assert ref is None or text in (ref.sid, ref.unique_name)


@pytest.mark.parametrize("text", [f"{USER}.channel", f"{CHANNEL}.info", f"{CHANNEL}.", ".channel", "MP" + "9" * 32])
def test_names_of_the_wrong_subject(text: str) -> None:
    assert all(parse(text, kind) is None for kind in ObjectType)
