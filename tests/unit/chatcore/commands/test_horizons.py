from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.commands.horizons import _merge
from chatcore.domain.ids import ChannelSid, Identity
from chatcore.ports.views import Horizon

reports = st.builds(
    lambda channel, identity, index, force: Horizon(
        channel_sid=ChannelSid(channel),
        identity=Identity(identity),
        index=index,
        at=None,
        force=force or index is None,  # only a forced report clears
    ),
    channel=st.sampled_from(["CH1", "CH2"]),
    identity=st.sampled_from(["a", "b"]),
    index=st.none() | st.integers(0, 12),
    force=st.booleans(),
)


def apply(held: int | None, report: Horizon, newest: int) -> int | None:
    """What one report does, as the store does it."""
    if report.index is None:
        return None
    if newest < 0:
        return held
    index = min(report.index, newest)
    return index if report.force or held is None or index > held else held


@settings(deadline=None)
@given(
    given_reports=st.lists(reports, max_size=12),
    held=st.none() | st.integers(0, 9),
    newest=st.integers(-1, 9),
)
def test_merged_reports_end_where_they_would_have_ended_one_by_one(
    given_reports: list[Horizon], held: int | None, newest: int
) -> None:
    start = held if held is None or held <= newest else None
    one_by_one: dict[tuple[str, str], int | None] = {}
    for report in given_reports:
        key = report.channel_sid, report.identity
        one_by_one[key] = apply(one_by_one.get(key, start), report, newest)
    merged = _merge(given_reports)
    assert len(merged) == len(one_by_one)
    assert {(r.channel_sid, r.identity): apply(start, r, newest) for r in merged} == one_by_one
