"""The number on an app's icon, after it may have gone down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from chatcore.domain.devices import PushType
from chatcore.domain.ids import UserSid
from chatcore.domain.jobs import JobKind
from chatcore.domain.pushes import BADGE, PushEvent, badges
from chatcore.ports.jobs import Claimed

from . import payloads
from .fanout import Desk, log_enabled
from .outcome import Done, Outcome
from .providers.port import Delivery
from .waiting import WaitingPush

PLACES: Final = 32
_TYPES: Final = (BADGE, PushEvent.NEW_MESSAGE.value)
"""A device that shows numbers with new messages needs to hear when they go down."""


class Badges:
    """Whether the user is online does not matter: its other devices show the number too."""

    kind = JobKind.BADGE
    places = PLACES

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def handle(self, job: Claimed) -> Outcome:
        """Raises KeyError or TypeError for a job that cannot be read."""
        user_sid = job.job["user_sid"]
        if not isinstance(user_sid, str):
            raise TypeError("a user has a SID")
        # The number is that of now, however old the row: a change makes a waiting one tell of itself too.
        pushes, expires_at = self._desk.pushes, datetime.now(UTC) + timedelta(seconds=self._desk.rules.ttl)
        service = await self._desk.service(job.service_sid)
        wanted = badges(service) if service is not None else ()
        if service is None or not wanted:
            return Done()
        devices = await pushes.devices(UserSid(user_sid), PushType.APN, _TYPES)
        going = [to for to in devices if to.vocabulary in wanted]
        if not going:
            return Done()
        number = (await pushes.badges([UserSid(user_sid)])).get(UserSid(user_sid), 0)
        ready = []
        for to in going:
            # A later change makes the same row due again: it is another push, unless it says the same.
            push_id = payloads.push_id(f"{BADGE}:{job.id}:{number}", to.binding_sid)
            delivery = Delivery(
                push_id=push_id,
                kind=to.kind,
                address=to.address,
                payload=payloads.apns_badge(push_id, number),
                expires_at=expires_at,
                collapse_id="badge",
                urgent=False,
            )
            push = WaitingPush(
                recipient=to,
                delivery=delivery,
                event=BADGE,
                channel_sid=None,
                message_sid=None,
                message_index=None,
                needs_member=False,
                logged=log_enabled(service, to.vocabulary),
            )
            ready.append(push)
        endings = await self._desk.dispatch.send(job, ready)
        await self._desk.dispatch.settle(job, endings)
        return Done()
