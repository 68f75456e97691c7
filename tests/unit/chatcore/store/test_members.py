"""Merging reports of what was read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.domain.ids import ChannelSid, Identity
from chatcore.ports.views import Horizon
from chatcore.store.members import merged


def _report(index: int | None, *, force: bool = False, identity: str = "alice") -> Horizon:
    return Horizon(channel_sid=ChannelSid("CH1"), identity=Identity(identity), index=index, at=None, force=force)


def _applied(held: int | None, reports: list[Horizon]) -> int | None:
    """What the member has read after the reports, one after the other."""
    for report in reports:
        if report.index is None or report.force or held is None or report.index > held:
            held = report.index
    return held


@given(
    st.none() | st.integers(0, 5),
    st.lists(st.builds(_report, st.none() | st.integers(0, 5), force=st.booleans())),
)
def test_one_report_has_the_effect_of_all(held: int | None, reports: list[Horizon]) -> None:
    together = merged(reports)
    assert len(together) == min(len(reports), 1)
    assert _applied(held, together) == _applied(held, reports)


@pytest.mark.parametrize("force", [False, True])
def test_members_are_told_apart(force: bool) -> None:
    reports = [_report(1, force=force), _report(2, force=force, identity="bob")]
    assert merged(reports) == reports
