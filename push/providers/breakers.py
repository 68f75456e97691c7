"""Whether a credential may be sent with, judged by the answers it got.

Theory of operation. A credential that a provider refuses is paused, ever longer; when a pause is over one push, the
probe, is tried, and only its success lets the others go. Answers that blame a device may also follow from our own wrong
environment, topic or project: when they pile up they are held against the credential instead, and what they did to
devices is taken back.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from .outcomes import CredentialBad, Outcome, Scope, Sent, TokenGone, TryLater

PAUSES: Final = (30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds; the last one again and again."""
LOOKED_AT: Final = 200
WINDOW: Final = 600.0
FEW: Final = 20
"""So many doubtful answers prove nothing."""
PROBE: Final = 5.0
"""Seconds until another push is tried where the first one got no answer that says anything."""


class Breaker:
    """Of one credential. Times are those of one clock that never goes back."""

    def __init__(self) -> None:
        self.suspected = False
        """Too many doubtful answers: none of them counts any more."""
        self._answers: deque[tuple[float, bool]] = deque(maxlen=LOOKED_AT)  # when, doubtful
        self._until = 0.0
        self._reason = ""
        self._level = 0  # of the pauses; 0: not bad
        self._probing = False

    @property
    def paused(self) -> bool:
        return self._level > 0

    def admit(self, now: float) -> TryLater | bool:
        """Where it may go, whether it is a probe: its outcome must come back as one."""
        if now < self._until:
            return self._later(self._until - now)
        if self._level == 0:
            return False
        if self._probing:
            return self._later(PROBE)
        self._probing = True
        return True

    def judge(self, outcome: Outcome, now: float, *, probe: bool) -> tuple[Outcome, float | None]:
        """What it means for those who asked; and, when suspicion arises with it, since when doubtful answers do not
        count. To be called once for each push that was admitted."""
        if probe:
            self._probing = False
        if self._level > 0:
            return self._while_bad(outcome, probe, now), None
        if isinstance(outcome, TryLater) and outcome.scope is Scope.CREDENTIAL:
            self._until, self._reason = max(self._until, now + (outcome.after or PROBE)), outcome.reason
            return outcome, None
        if isinstance(outcome, CredentialBad):
            return self._pause(outcome.reason, now), None
        self._note(outcome, now)
        if isinstance(outcome, TokenGone) and outcome.doubtful and self._too_many():
            self.suspected = True
            since = self._answers[0][0]
            self._answers.clear()
            return self._pause(f"many devices answer {outcome.reason}", now), since
        return outcome, None

    def gave_up(self) -> None:
        """A probe has no outcome."""
        self._probing = False

    def _while_bad(self, outcome: Outcome, probe: bool, now: float) -> Outcome:
        speaks_against = isinstance(outcome, CredentialBad) or _doubtful(outcome)
        if not probe:  # it had left before the pause began
            return self._bad(now) if speaks_against else outcome
        if isinstance(outcome, CredentialBad):
            return self._pause(outcome.reason, now)
        if speaks_against and self.suspected:
            return self._pause(self._reason, now)
        if isinstance(outcome, Sent | TokenGone) and not speaks_against:
            self._level, self.suspected = 0, False
            self._answers.clear()
        else:
            self._until = now + PROBE
        return outcome

    def _pause(self, reason: str, now: float) -> CredentialBad:
        self._until = now + PAUSES[min(self._level, len(PAUSES) - 1)]
        self._level += 1
        self._reason = reason
        return self._bad(now)

    def _bad(self, now: float) -> CredentialBad:
        return CredentialBad(self._reason, max(1.0, self._until - now))

    def _later(self, after: float) -> TryLater:
        return TryLater(reason=self._reason, after=after, scope=Scope.CREDENTIAL, counts=False)

    def _note(self, outcome: Outcome, now: float) -> None:
        if isinstance(outcome, Sent | TokenGone):
            self._answers.append((now, _doubtful(outcome)))

    def _too_many(self) -> bool:
        while self._answers and self._answers[-1][0] - self._answers[0][0] > WINDOW:
            self._answers.popleft()
        doubtful = sum(doubtful for _, doubtful in self._answers)
        return doubtful > FEW and doubtful * 2 > len(self._answers)


def _doubtful(outcome: Outcome) -> bool:
    return isinstance(outcome, TokenGone) and outcome.doubtful
