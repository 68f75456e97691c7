"""Private channels and everybody in them as rows."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from chatcore.domain.ids import ChannelSid, ServiceSid, UserSid
from chatcore.domain.model import Channel, ChannelState
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.domain.participants import Participant, Participation

from . import pages
from .channels import channel_from
from .guests import guest_from
from .members import member_from
from .queries import load
from .session import Row, Session

_SQL = load("conversations")
_ALWAYS, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)  # infinities to the driver


def _participant_from(row: Row) -> Participant:
    return member_from(row, "member_") if row["member_sid"] is not None else guest_from(row, "guest_")


def _member_in(row: Row) -> Participation:
    return Participation(channel=channel_from(row), participant=member_from(row, "member_"))


def _guest_in(row: Row) -> Participation:
    return Participation(channel=channel_from(row), participant=guest_from(row, "guest_"))


def _cursor(item: Channel | Participant) -> Cursor:
    return item.date_created, item.sid


def _participation_cursor(participation: Participation) -> Cursor:
    return _cursor(participation.participant)


class Conversations:
    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def list(
        self,
        service_sid: ServiceSid,
        window: Window,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        state: ChannelState | None = None,
    ) -> Page[Channel]:
        wanted = since or _ALWAYS, until or _NEVER, None if state is None else state.value
        after = partial(self._session.rows, _SQL["list_after"], service_sid, *wanted)
        before = partial(self._session.rows, _SQL["list_before"], service_sid, *wanted)
        return await pages.read(window, after, before, channel_from, _cursor)

    async def participants(self, channel_sid: ChannelSid, window: Window) -> Page[Participant]:
        after = partial(self._session.rows, _SQL["participants_after"], channel_sid)
        before = partial(self._session.rows, _SQL["participants_before"], channel_sid)
        return await pages.read(window, after, before, _participant_from, _cursor)

    async def of_user(self, user_sid: UserSid, window: Window) -> Page[Participation]:
        after = partial(self._session.rows, _SQL["of_user_after"], user_sid)
        before = partial(self._session.rows, _SQL["of_user_before"], user_sid)
        return await pages.read(window, after, before, _member_in, _participation_cursor)

    async def of_address(self, service_sid: ServiceSid, address: str, window: Window) -> Page[Participation]:
        after = partial(self._session.rows, _SQL["of_address_after"], service_sid, address)
        before = partial(self._session.rows, _SQL["of_address_before"], service_sid, address)
        return await pages.read(window, after, before, _guest_in, _participation_cursor)
