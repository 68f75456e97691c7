from __future__ import annotations

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import UNSET, ChannelState
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.rest.conversations.timers import closed_after, inactive_after, state


def test_absent_changes_nothing() -> None:
    form = Form()
    assert (state(form), inactive_after(form), closed_after(form)) == (UNSET, UNSET, UNSET)


def test_empty_switches_a_timer_off() -> None:
    form = Form([("Timers.Inactive", ""), ("Timers.Closed", "")])
    assert (inactive_after(form), closed_after(form)) == (None, None)


def test_durations_are_seconds() -> None:
    form = Form([("Timers.Inactive", "PT1M30S"), ("Timers.Closed", "P1DT1H")])
    assert (inactive_after(form), closed_after(form)) == (90, 90_000)


@pytest.mark.parametrize("wanted", ChannelState)
def test_every_state_is_known(wanted: ChannelState) -> None:
    assert state(Form([("State", wanted.value)])) is wanted


def test_a_state_is_not_empty() -> None:
    with pytest.raises(ChatError) as caught:
        state(Form([("State", "")]))
    assert caught.value.code is Code.STATE_EMPTY


@pytest.mark.parametrize("text", ["ACTIVE", "open", " active"])
def test_other_states_are_refused(text: str) -> None:
    with pytest.raises(HttpError) as caught:
        state(Form([("State", text)]))
    assert caught.value.code == Code.STATE_INVALID
