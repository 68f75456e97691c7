"""What nodes tell each other: one line about the message, then the payload as it is.

    1E <offset> <type> <subject>\\n<payload>     event
    1S <type> <subject>\\n<payload>              signal
    1Q <id> <topic for answers>\\n<question>     question
    1A <id>\\n<answer>                           answer
    1N <id>\\n                                   no answer from this node

The topic is not repeated: it is the channel's name. The digit is the version; nodes ignore versions, kinds and types
that they do not know, so old and new nodes can run together. Subjects are SIDs and topics have no blanks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from chatcore.domain.events import Announcement, Event, EventType, Signal, SignalType, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`id` is unique on the asking node."""

    id: int
    answer_to: Topic
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """None says that this node has nothing to answer, so that nobody waits for it."""

    id: int
    text: bytes | None


Said = Announcement | Question | Answer

_EVENT_TYPES: Final = {kind.encode(): kind for kind in EventType}
_SIGNAL_TYPES: Final = {kind.encode(): kind for kind in SignalType}


def encode(said: Said) -> bytes:
    """The bytes, without the topic."""
    match said:
        case Event():
            return f"1E {said.offset} {said.type} {said.subject}\n".encode() + said.payload
        case Signal():
            return f"1S {said.type} {said.subject}\n".encode() + said.payload
        case Question():
            return f"1Q {said.id} {said.answer_to}\n".encode() + said.text
        case Answer():
            return b"1N %d\n" % said.id if said.text is None else b"1A %d\n" % said.id + said.text
        case _:
            assert_never(said)


def decode(topic: Topic, data: bytes) -> Said | None:
    """What was said on `topic`, or None if it cannot be understood. Never raises."""
    head, line_end, payload = data.partition(b"\n")
    if not line_end:
        return None
    # Plain comparisons, most frequent first: a `match` over the words doubles the time of this hot path.
    words = head.split(b" ")
    kind = words[0]
    try:
        if kind == b"1E":
            _, offset, name, subject = words
            type_ = _EVENT_TYPES[name]
            return Event(topic=topic, offset=int(offset), type=type_, payload=payload, subject=subject.decode())
        if kind == b"1S":
            _, name, subject = words
            return Signal(topic=topic, type=_SIGNAL_TYPES[name], payload=payload, subject=subject.decode())
        if kind == b"1Q":
            _, id_, answer_to = words
            return Question(id=int(id_), answer_to=Topic(answer_to.decode()), text=payload)
        if kind == b"1A" or kind == b"1N":
            _, id_ = words
            return Answer(id=int(id_), text=payload if kind == b"1A" else None)
    except (KeyError, ValueError):
        pass
    return None
