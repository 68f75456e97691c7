from __future__ import annotations

import pytest

from push.providers.breakers import FEW, PAUSES, PROBE, WINDOW, Breaker
from push.providers.outcomes import CredentialBad, Outcome, Rejected, Scope, Sent, TokenGone, TryLater

DOUBTFUL = TokenGone(reason="BadDeviceToken", doubtful=True)
GONE = TokenGone(reason="Unregistered")


def push(breaker: Breaker, outcome: Outcome, now: float) -> Outcome:
    """One at a time."""
    probe = breaker.admit(now)
    if isinstance(probe, TryLater):
        return probe
    return breaker.judge(outcome, now, probe=probe)[0]


def test_a_bad_credential_is_paused_ever_longer_until_one_push_succeeds() -> None:
    breaker, now = Breaker(), 0.0
    for pause in (*PAUSES, PAUSES[-1]):
        assert push(breaker, CredentialBad("Forbidden"), now) == CredentialBad("Forbidden", pause)
        later = push(breaker, Sent(), now + pause - 1)
        assert later == TryLater(reason="Forbidden", after=1.0, scope=Scope.CREDENTIAL, counts=False)
        now += pause
    assert push(breaker, Sent(), now) == Sent()
    assert not breaker.paused
    assert push(breaker, CredentialBad("Forbidden"), now) == CredentialBad("Forbidden", PAUSES[0])


def test_after_a_pause_one_push_is_tried_at_a_time() -> None:
    breaker = Breaker()
    push(breaker, CredentialBad("x"), 0)
    assert breaker.admit(30) is True
    assert isinstance(breaker.admit(30), TryLater)
    breaker.gave_up()
    assert breaker.admit(31) is True


@pytest.mark.parametrize("outcome", [TryLater(reason="503"), Rejected("400")])
def test_a_probe_that_proves_nothing_is_followed_by_another(outcome: Outcome) -> None:
    breaker = Breaker()
    push(breaker, CredentialBad("x"), 0)
    assert push(breaker, outcome, 30) == outcome
    assert breaker.paused
    assert isinstance(breaker.admit(30 + PROBE - 1), TryLater)
    assert breaker.admit(30 + PROBE) is True


def test_pushes_that_left_before_the_pause_do_not_prolong_it() -> None:
    breaker = Breaker()
    assert breaker.admit(0) is False
    assert breaker.admit(0) is False
    breaker.judge(CredentialBad("x"), 1, probe=False)
    assert breaker.judge(CredentialBad("x"), 2, probe=False)[0] == CredentialBad("x", 29)
    assert breaker.judge(Sent(), 3, probe=False)[0] == Sent()
    assert isinstance(breaker.admit(4), TryLater)


def test_a_credential_that_has_to_wait_is_not_bad() -> None:
    breaker = Breaker()
    wait = TryLater(reason="QUOTA_EXCEEDED", after=60, scope=Scope.CREDENTIAL, counts=False)
    assert push(breaker, wait, 0) == wait
    assert isinstance(breaker.admit(59), TryLater)
    assert not breaker.paused
    assert breaker.admit(60) is False
    assert breaker.admit(60) is False


def doubtful(breaker: Breaker, count: int, *, start: float = 0.0) -> float | None:
    since = None
    for number in range(count):
        _, since = breaker.judge(DOUBTFUL, start + number * 0.1, probe=False)
    return since


def test_many_doubtful_answers_speak_against_the_credential() -> None:
    breaker = Breaker()
    assert doubtful(breaker, FEW) is None
    outcome, since = breaker.judge(DOUBTFUL, 5.0, probe=False)
    assert isinstance(outcome, CredentialBad)
    assert since == 0.0
    assert breaker.suspected
    assert isinstance(breaker.judge(DOUBTFUL, 6.0, probe=False)[0], CredentialBad)
    assert isinstance(push(breaker, DOUBTFUL, 40.0), CredentialBad)
    assert isinstance(push(breaker, Sent(), 39.0 + PAUSES[1]), TryLater)
    assert push(breaker, Sent(), 41.0 + PAUSES[1]) == Sent()
    assert not breaker.suspected


def test_doubtful_answers_among_many_good_ones_stand() -> None:
    breaker = Breaker()
    for number in range(100):
        outcome = DOUBTFUL if number % 2 else Sent()
        assert push(breaker, outcome, number) == outcome


def test_doubtful_answers_of_long_ago_are_forgotten() -> None:
    breaker = Breaker()
    doubtful(breaker, FEW)
    assert push(breaker, DOUBTFUL, WINDOW + 100) == DOUBTFUL


def test_devices_that_are_gone_for_sure_never_speak_against_the_credential() -> None:
    breaker = Breaker()
    assert all(push(breaker, GONE, number) == GONE for number in range(500))
