from __future__ import annotations

from itertools import pairwise

from gateway.sockets.admission import Admission


def test_connections_below_the_rate_do_not_wait() -> None:
    admission = Admission(rate=10, bound=1)
    assert [admission.delay(number / 10) for number in range(50)] == [0.0] * 50


def test_those_above_the_rate_wait_for_their_turn() -> None:
    admission = Admission(rate=100, bound=1)
    waits = [admission.delay(0.0) for _ in range(60)]
    turns = [wait for wait in waits if wait]
    assert 9 <= len(waits) - len(turns) <= 12
    assert all(abs(b - a - 0.01) < 1e-9 for a, b in pairwise(turns))


def test_nobody_waits_longer_than_the_bound() -> None:
    admission = Admission(rate=10, bound=0.5)
    waits = [admission.delay(0.0) for _ in range(20)]
    assert None in waits
    assert all(wait <= 0.5 for wait in waits if wait is not None)
    assert admission.delay(10.0) == 0.0


def test_refused_connections_take_no_turn() -> None:
    admission = Admission(rate=10, bound=0.5)
    while admission.delay(0.0) is not None:
        pass
    assert all(admission.delay(0.0) is None for _ in range(100))
    assert admission.delay(1.0) == 0.0
