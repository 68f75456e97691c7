"""Losses, repetitions and disorder of one client."""

from __future__ import annotations

from bench.rig.ledger import Ledger


def _entered(*indexes: int) -> Ledger:
    ledger = Ledger([0, 1])
    for index in indexes:
        ledger.enter(0, index)
    return ledger


def test_everything_once_in_order_is_flawless() -> None:
    ledger = _entered(0, 1, 2)
    assert (ledger.lost({0: 3, 1: 0}), ledger.repeated, ledger.disordered) == (0, 0, 0)


def test_a_hole_is_lost_until_it_is_filled() -> None:
    ledger = _entered(0, 2)
    assert ledger.lost({0: 3, 1: 0}) == 1
    assert ledger.enter(0, 1)
    assert (ledger.lost({0: 3, 1: 0}), ledger.disordered) == (0, 1)


def test_what_never_came_is_lost() -> None:
    assert _entered(0).lost({0: 3, 1: 2}) == 4


def test_a_second_copy_is_no_delivery() -> None:
    ledger = _entered(0, 1)
    assert not ledger.enter(0, 0)
    assert ledger.repeated == 1


def test_a_late_message_that_comes_twice_is_repeated() -> None:
    ledger = _entered(0, 2, 1, 1)
    assert (ledger.disordered, ledger.repeated) == (1, 1)
