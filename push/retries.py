"""Pushes that wait: each is one device's, and is sent only if it still makes sense."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from chatcore.domain.jobs import JobKind
from chatcore.domain.pushes import BADGE
from chatcore.ports.jobs import Claimed
from chatcore.ports.pushes import Waiting

from . import logbook, waiting
from .fanout import Desk
from .outcome import Done, Later, Outcome
from .waiting import WaitingPush

PLACES: Final = 125
"""A quarter of what may be in flight, so that new events are not held up by old ones."""


class Retries:
    kind = JobKind.PUSH_RETRY
    places = PLACES

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def handle(self, job: Claimed) -> Outcome:
        """Raises KeyError, TypeError or ValueError for a job that cannot be read."""
        push = waiting.read(job.job)
        if datetime.now(UTC) >= push.delivery.expires_at:
            return await self._drop(job, push, "expired")
        verdict = await self._desk.pushes.still_wanted(_waiting(job, push))
        if verdict != "wanted":
            return await self._drop(job, push, verdict)
        if push.event != BADGE and self._desk.rules.skip_online:
            try:
                seen = await self._desk.whereabouts.seen(job.service_sid, [push.recipient.identity])
            except ConnectionError:
                seen = None
            if seen is not None and seen.settles_in:
                return Later(seen.settles_in, "presence is settling", counts=False)
            if seen is not None and seen.online:
                return await self._drop(job, push, "obsolete", "online")
        if job.begun and push.recipient.binding_sid in await self._desk.notes.noted(job.id):
            return Done()
        endings = await self._desk.dispatch.send(job, [push])
        if not endings:
            return Done()
        (ending,) = endings
        if ending.again is None:
            await self._desk.dispatch.settle(job, endings)
            return Done()
        await self._desk.dispatch.settle(job, [replace(ending, again=None)])
        await self._desk.pushes.rewrite(job, waiting.written(ending.again))
        await self._desk.dispatch.hold_back(endings)
        return Later(ending.after, ending.why, counts=False)

    async def _drop(self, job: Claimed, push: WaitingPush, outcome: str, reason: str | None = None) -> Outcome:
        self._desk.counting.ended(push.recipient.kind, outcome)
        if push.logged:
            await self._desk.dispatch.settle(job, (), unsent=[logbook.dropped(push, outcome, reason)])
        return Done()


def _waiting(job: Claimed, push: WaitingPush) -> Waiting:
    return Waiting(
        job=job.id,
        binding_sid=push.recipient.binding_sid,
        address=push.recipient.address,
        channel_sid=push.channel_sid,
        message_index=push.message_index,
        member=push.recipient.user_sid if push.needs_member else None,
        may_be_superseded=push.held == "device",
    )
