"""What a push job tells of, read from its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chatcore.domain.ids import ChannelSid, Identity, MessageSid, ServiceSid
from chatcore.domain.pushes import PushEvent
from chatcore.ports.jobs import Claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event as it was when it was committed. `by` None: the server."""

    event: PushEvent
    event_id: str
    at: datetime
    service_sid: ServiceSid
    channel_sid: ChannelSid
    friendly_name: str | None
    unique_name: str | None
    by: str | None
    identities: tuple[Identity, ...] | None
    message_sid: MessageSid | None
    message_index: int | None

    @property
    def author(self) -> str:
        return self.by if self.by is not None else "system"


def read(job: Claimed) -> Happening:
    """Raises KeyError, TypeError or ValueError for a job that cannot be read."""
    row = job.job
    event = PushEvent(row["event"])
    identities = row.get("identities")
    if identities is not None and not _are_texts(identities):
        raise TypeError("identities are texts")
    sid, index = row.get("message_sid"), row.get("message_index")
    if event is PushEvent.NEW_MESSAGE and (not isinstance(index, int) or not isinstance(sid, str)):
        raise TypeError("a message has an index and a SID")
    if event is not PushEvent.NEW_MESSAGE and identities is None:
        raise TypeError("who is told is missing")
    return Happening(
        event=event,
        event_id=_text(row, "event_id"),
        at=moment(row["at"]) if "at" in row else job.created_at,
        service_sid=job.service_sid,
        channel_sid=ChannelSid(_text(row, "channel_sid")),
        friendly_name=_text_or_none(row, "channel_friendly_name"),
        unique_name=_text_or_none(row, "channel_unique_name"),
        by=_text_or_none(row, "by"),
        identities=tuple(Identity(identity) for identity in identities) if identities is not None else None,
        message_sid=MessageSid(sid) if sid is not None else None,
        message_index=index,
    )


def again(job: Claimed, happening: Happening, identities: list[Identity]) -> dict[str, Any]:
    """The job that tells only these."""
    return {**job.job, "at": happening.at.isoformat(), "identities": identities}


def moment(text: object) -> datetime:
    """Raises TypeError or ValueError."""
    if not isinstance(text, str):
        raise TypeError("a time is text")
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time needs its zone")
    return found


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is text")
    return value


def _text_or_none(row: Mapping[str, Any], name: str) -> str | None:
    return None if row.get(name) is None else _text(row, name)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
