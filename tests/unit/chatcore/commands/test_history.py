from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.commands.history import cut
from chatcore.domain.events import Event, EventType, Topic


def events(sizes: list[int]) -> list[Event]:
    return [
        Event(topic=Topic("chat:CH1"), offset=offset, type=EventType.MESSAGE_ADDED, payload=b"x" * size)
        for offset, size in enumerate(sizes, 1)
    ]


@settings(deadline=None)
@given(sizes=st.lists(st.integers(0, 50), max_size=20), room=st.integers(0, 100))
def test_a_cut_page_is_the_longest_prefix_that_fits_but_never_nothing(sizes: list[int], room: int) -> None:
    given_events = events(sizes)
    kept = list(cut(given_events, room))
    assert kept == given_events[: len(kept)]
    assert kept or not given_events
    if len(kept) > 1:
        assert sum(sizes[: len(kept)]) <= room
    if len(kept) < len(sizes):
        assert sum(sizes[: len(kept) + 1]) > room
