"""The outbox as the worker sees it: jobs are claimed for a while, worked on, and settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chatcore.domain.ids import ServiceSid
from chatcore.domain.jobs import JobKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A job that this worker holds until its lease ends."""

    id: int
    kind: JobKind
    service_sid: ServiceSid
    lane: str | None
    job: Mapping[str, Any]  # JSON, as the command wrote it
    progress: Mapping[str, Any]  # JSON, as a former holder left it
    created_at: datetime
    attempts: int
    """How often it was claimed, this time included; a claim that was given back does not count."""

    @property
    def begun(self) -> bool:
        """Somebody may have worked on it before, whether that counted or not."""
        return self.attempts > 1 or bool(self.progress.get("begun"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`full`: there may be more."""

    jobs: Sequence[Claimed]
    full: bool


class JobQueue(Protocol):
    """Any number of workers may share it. A claimed job comes back by itself when its lease ends, so a job may be
    worked on twice; what a worker does to a job that it has lost has no effect.

    Of the jobs of one lane only the oldest is ever handed out. Raises ChatError(UNAVAILABLE).
    """

    @property
    def lease(self) -> float:
        """Seconds that a job is held from its claim or renewal on, at least."""
        ...

    async def claim(
        self,
        kind: JobKind,
        limit: int,
        *,
        pass_over: Collection[ServiceSid] = (),
        under_way: Collection[int] = (),
    ) -> Claim:
        """Due jobs, longest due first; none of the services to pass over. A job `under_way` in this process is left
        to others even when it is due again, because settling it could not tell one claim from the other."""
        ...

    async def renew(self, ids: Collection[int]) -> Collection[int]:
        """Begins the leases anew; returns the jobs that are still held."""
        ...

    async def finish(self, job: Claimed) -> bool:
        """Done; whether the next one of its lane can be claimed now."""
        ...

    async def retry(self, job: Claimed, delay: float, why: str, *, counts: bool = True) -> None:
        """Due again after `delay` seconds. Its lane waits. Unless it counts, this attempt is forgotten."""
        ...

    async def give_up(self, job: Claimed, why: str) -> bool:
        """Sets it aside as a dead letter; whether the next one of its lane can be claimed now."""
        ...

    async def release(self, ids: Collection[int]) -> None:
        """Gives them back; the claim does not count."""
        ...

    async def give_up_strangers(self) -> Collection[str]:
        """Sets jobs aside as dead letters that are of no known kind and were due long ago: nobody claims them. Returns
        the kind of each."""
        ...
