from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatcore.domain.ids import is_sid, new_epoch, new_sid


def test_sids_have_the_shape_of_sids() -> None:
    for _ in range(100):
        sid = new_sid("CH")
        assert is_sid("CH", sid)
        assert not is_sid("IM", sid)
        assert sid == "CH" + sid[2:].lower()


def test_sids_are_different_and_ordered_by_time() -> None:
    sids = [new_sid("IM") for _ in range(2000)]
    assert len(set(sids)) == 2000
    times = [sid[2:14] for sid in sids]
    assert times == sorted(times)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CH",
        "CH" + "0" * 31,
        "CH" + "0" * 33,
        "CH" + "g" * 32,
        "ch" + "0" * 32,
        "IM" + "0" * 32,
        " CH" + "0" * 31,
        "CH" + "0" * 31 + "\n",
        "CH" + "٣" * 32,
        "CH" + "0" * 32 + "\n",
    ],
)
def test_what_is_no_sid(text: str) -> None:
    assert not is_sid("CH", text)


def test_hexadecimal_digits_of_both_cases_are_a_sid() -> None:
    assert is_sid("CH", "CH" + "aF09" * 8)


@settings(deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_is_judged(text: str) -> None:
    assert is_sid("CH", text) in (True, False)


def test_epochs_are_different_and_never_the_one_that_provokes_a_refusal() -> None:
    epochs = {new_epoch() for _ in range(1000)}
    assert len(epochs) == 1000
    assert all(len(epoch) >= 8 and epoch != "_" for epoch in epochs)
