"""Sends rendered pushes and sorts what became of them: accepted, to be tried again, device gone, given up."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol, assert_never

from chatcore.domain.ids import BindingSid, CredentialSid, ServiceSid
from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.values import value
from chatcore.ports.jobs import Claimed
from chatcore.ports.pushes import Attempt, DeadBinding, Pushes, Settlement

from . import logbook, patience
from .budget import Budget
from .counting import Counting, provider_of
from .providers.outcomes import CredentialBad, Outcome, Rejected, Scope, Sent, TokenGone, TryLater
from .providers.port import Delivery, SendingCredential
from .reachability import Reachability
from .vault import Vault
from .waiting import WaitingPush, written

logger = logging.getLogger(__name__)

DOUBTFUL: Final = "doubtful:"
"""Prefix of reasons that may be our own fault, and are taken back when that turns out."""
_JUST_NOW: Final = timedelta(minutes=1)
_POSTPONED_AGAIN: Final = 5.0
"""Seconds between two looks for what waits for one credential."""


class Sender(Protocol):
    """`providers.sending.Sending`."""

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome: ...

    def suspected(self, sid: CredentialSid) -> bool: ...


@value
class Ending:
    """What became of one attempt. `again` and `after`: it has to be tried again, in so many seconds."""

    push: WaitingPush
    accepted: bool = False
    again: WaitingPush | None = None
    after: float = 0.0
    why: str = ""
    dead: DeadBinding | None = None
    line: Attempt | None = None


class Dispatch:
    """Never raises for what a provider or a network does."""

    def __init__(
        self,
        sender: Sender,
        vault: Vault,
        pushes: Pushes,
        counting: Counting,
        accepted: Callable[[int, WaitingPush], None] = lambda _job, _push: None,
        reachability: Reachability | None = None,
        budget: Budget | None = None,
    ) -> None:
        """`accepted` hears at once of each push that a provider took, with the number of its job. `budget`: what may be
        in flight, as far as the providers allow."""
        self._sender = sender
        self._vault = vault
        self._pushes = pushes
        self._counting = counting
        self._accepted = accepted
        self._reachability = reachability or Reachability(pushes)
        self._budget = budget or Budget()
        self._postponed: dict[CredentialSid, float] = {}

    async def send(self, job: Claimed, pushes: Sequence[WaitingPush]) -> Sequence[Ending]:
        """All at once: the budget bounds what is in flight. Raises ChatError(UNAVAILABLE) before anything was
        sent."""
        credentials = await self._vault.of(push.recipient.credential_sid for push in pushes)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._one(job, push, credentials[push.recipient.credential_sid]))
                for push in pushes
                if push.recipient.credential_sid in credentials
            ]
        for push in pushes:
            if push.recipient.credential_sid not in credentials:
                self._counting.ended(push.recipient.kind, "obsolete")
        return [task.result() for task in tasks]

    async def settle(
        self,
        job: Claimed,
        endings: Sequence[Ending],
        *,
        after: BindingSid | None = None,
        others: Sequence[Job] = (),
        unsent: Sequence[Attempt] = (),
        last: bool = True,
    ) -> bool:
        """Writes down what follows, `others` with it, and what the log says of the `unsent`; whether the job is still
        this worker's. Where nothing follows and the job is about to end, there is nothing to write."""
        jobs = [*(_retry(job.service_sid, ending) for ending in endings if ending.again is not None), *others]
        lines = [*(ending.line for ending in endings if ending.line is not None), *unsent]
        dying = [ending for ending in endings if ending.dead is not None and not self._is_suspect(ending)]
        dead = [ending.dead for ending in dying if ending.dead is not None]
        if last and not (jobs or lines or dead):
            return True
        settlement = Settlement(after=after, jobs=jobs, dead=dead, attempts=lines)
        settled = await self._pushes.settle(job, settlement)
        for binding in dead:
            if binding.sid in settled.dead:
                self._counting.invalidated(binding.reason)
        await self._reachability.lost(job.service_sid, settled.lost)
        for sid in {ending.push.recipient.credential_sid for ending in dying if self._is_suspect(ending)}:
            # The suspicion arose while this was being written.
            await self._reachability.restore(sid, datetime.now(UTC) - _JUST_NOW)
        await self.hold_back(endings)
        return settled.held

    async def hold_back(self, endings: Sequence[Ending]) -> None:
        """Makes what waits for a credential wait as long as the provider, or its pause, asks for."""
        now = asyncio.get_running_loop().time()
        longest: dict[CredentialSid, float] = {}
        for ending in endings:
            if ending.again is not None and ending.again.held == Scope.CREDENTIAL.value:
                sid = ending.push.recipient.credential_sid
                longest[sid] = max(longest.get(sid, 0.0), ending.after)
        for sid, seconds in longest.items():
            if self._postponed.get(sid, 0.0) <= now:
                self._postponed[sid] = now + _POSTPONED_AGAIN
                await self._pushes.postpone(sid, seconds)

    def _is_suspect(self, ending: Ending) -> bool:
        """It blames a device for what is the credential's fault."""
        dead = ending.dead
        if dead is None or not dead.reason.startswith(DOUBTFUL):
            return False
        return self._sender.suspected(ending.push.recipient.credential_sid)

    async def _one(self, job: Claimed, push: WaitingPush, credential: SendingCredential | None) -> Ending:
        if push.unsure:
            self._counting.repeated()
        begun = time.monotonic()
        outcome: Outcome
        if credential is None:
            outcome = CredentialBad("unreadable", 60.0)
        else:
            outcome, begun = await self._in_turn(job, push, credential)
        if isinstance(outcome, Sent):
            self._accepted(job.id, push)
        return self._sorted(push, outcome, int((time.monotonic() - begun) * 1000))

    async def _in_turn(self, job: Claimed, push: WaitingPush, credential: SendingCredential) -> tuple[Outcome, float]:
        """And when it had its place."""
        places, fresh = self._budget.of(provider_of(push.recipient.kind)), job.kind is not JobKind.PUSH_RETRY
        if not await places.take(job.service_sid, fresh=fresh):
            return TryLater(reason="too many in flight", counts=False), time.monotonic()
        begun = time.monotonic()
        try:
            return await self._sender.send(push.delivery, credential), begun
        except Exception:
            # A bug, which must not take the other devices' pushes with it.
            logger.exception("A push could not be sent", extra={"action": "push_failed"})
            return Rejected("internal error"), begun
        finally:
            places.give_back(job.service_sid, fresh=fresh)

    def _sorted(self, push: WaitingPush, outcome: Outcome, milliseconds: int) -> Ending:
        kind, sid = push.recipient.kind, push.recipient.binding_sid
        match outcome:
            case Sent():
                self._counting.ended(kind, "sent")
                ending, word, why = Ending(push=push, accepted=True), "sent", None
            case TokenGone(reason=why, since=since, doubtful=doubtful):
                self._counting.ended(kind, "token_gone")
                reason = f"{DOUBTFUL}{why}" if doubtful else why
                dead = DeadBinding(sid=sid, address=push.recipient.address, reason=reason, since=since)
                ending, word = Ending(push=push, dead=dead), "token_gone"
            case TryLater(reason=why):
                ending, word = self._later(push, outcome), "try_later"
            case CredentialBad(reason=why):
                ending, word = self._later(push, outcome), "credential_bad"
                self._counting.ended(kind, word)
            case Rejected(reason=why):
                self._counting.ended(kind, "rejected")
                extra = {"action": "push_rejected", "binding": sid, "reason": why}
                logger.error("A push was rejected: %s", why, extra=extra)
                ending, word = Ending(push=push), "rejected"
            case _:
                assert_never(outcome)
        if not push.logged:
            return ending
        if word in ("try_later", "credential_bad") and ending.again is None:
            word = "gave_up"
        return replace(ending, line=logbook.attempted(push, word, why, outcome.status, milliseconds))

    def _later(self, push: WaitingPush, outcome: TryLater | CredentialBad) -> Ending:
        counts = isinstance(outcome, TryLater) and outcome.counts
        attempts = push.attempts + counts
        unsure = push.unsure + (isinstance(outcome, TryLater) and outcome.maybe_sent)
        kind = push.recipient.kind
        after = patience.delay(outcome, kind, attempts=attempts, unsure=unsure)
        if isinstance(outcome, TryLater):
            self._counting.ended(kind, "try_later")
        if after is None:
            self._counting.ended(kind, "gave_up")
            return Ending(push=push)
        scope = outcome.scope if isinstance(outcome, TryLater) else Scope.CREDENTIAL
        held = scope.value if scope is not Scope.PUSH else None
        again = replace(push, attempts=attempts, unsure=unsure, held=held)
        return Ending(push=push, again=again, after=after, why=outcome.reason)


def _retry(service_sid: ServiceSid, ending: Ending) -> Job:
    """The row in which it waits."""
    assert ending.again is not None, "only what is to be tried again waits"
    left = ending.again.delivery.expires_at - datetime.now(UTC)
    return Job(
        kind=JobKind.PUSH_RETRY,
        service_sid=service_sid,
        job=written(ending.again),
        due_in=timedelta(seconds=ending.after),
        expires_in=max(left, timedelta(seconds=1)),
    )
