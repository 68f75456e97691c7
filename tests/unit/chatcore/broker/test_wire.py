from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.broker.wire import Answer, Question, Said, decode, encode
from chatcore.domain.events import Event, EventType, Signal, SignalType, Topic

TOPIC = Topic("chat:CH1")
SUBJECTS = st.just("") | st.from_regex(r"(US|CH|SK)[0-9a-f]{32}", fullmatch=True)
EVENTS = st.builds(
    Event,
    topic=st.just(TOPIC),
    offset=st.integers(min_value=1, max_value=2**63 - 1),
    type=st.sampled_from(EventType),
    payload=st.binary(),
    subject=SUBJECTS,
)
SIGNALS = st.builds(
    Signal, topic=st.just(TOPIC), type=st.sampled_from(SignalType), payload=st.binary(), subject=SUBJECTS
)
IDS = st.integers(min_value=1, max_value=2**53)
QUESTIONS = st.builds(
    Question, id=IDS, answer_to=st.from_regex(r"node:[a-z0-9.-]+", fullmatch=True).map(Topic), text=st.binary()
)
ANSWERS = st.builds(Answer, id=IDS, text=st.none() | st.binary())


@given(EVENTS | SIGNALS | QUESTIONS | ANSWERS)
def test_what_is_said_arrives_unchanged(said: Said) -> None:
    assert decode(TOPIC, encode(said)) == said


@given(st.binary())
def test_garbage_is_not_understood_and_harmless(data: bytes) -> None:
    said = decode(TOPIC, data)
    assert said is None or data[:1] == b"1"


@given(EVENTS | SIGNALS | QUESTIONS | ANSWERS, st.data())
def test_a_damaged_head_never_raises(said: Said, data: st.DataObject) -> None:
    whole = bytearray(encode(said))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] = data.draw(st.integers(0, 255))
    decode(TOPIC, bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"1E 1 message.added ",
        b"2E 1 message.added \n{}",
        b"1X 1\n",
        b"1E 1 message.imagined \n{}",
        b"1E one message.added \n{}",
        b"1E 1 message.added\n{}",
        b"1E 1 message.added US1 more\n{}",
        b"1S message.added \n{}",
        b"1S typing\n{}",
        b"1S typing \xff\n{}",
        b"1Q 1\n",
        b"1A one\n",
        b"1N\n",
    ],
)
def test_other_versions_kinds_types_and_shapes_are_not_understood(data: bytes) -> None:
    assert decode(TOPIC, data) is None


def test_the_layout_is_stable() -> None:
    event = Event(topic=TOPIC, offset=7, type=EventType.MEMBER_JOINED, payload=b"{}", subject="US1")
    signal = Signal(topic=TOPIC, type=SignalType.TYPING, payload=b"{}")
    assert encode(event) == b"1E 7 member.joined US1\n{}"
    assert encode(signal) == b"1S typing \n{}"
    assert encode(Question(id=3, answer_to=Topic("node:a"), text=b"who?")) == b"1Q 3 node:a\nwho?"
    assert encode(Answer(id=3, text=b"")) == b"1A 3\n"
    assert encode(Answer(id=3, text=None)) == b"1N 3\n"
