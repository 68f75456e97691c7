"""What webhooks are told of resources: plain JSON values, taken when the event is committed.

Dates have milliseconds. The two vocabularies of webhooks pick their parameters from these members.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from . import serial
from .guests import Guest
from .model import Channel, Media, Member, Message, User

Facts = dict[str, Any]  # JSON
"""`channel`, `message`, `member`, `user`: snapshots; `at`, `by`, `reason`, `state_from`, `state_to`: what happened."""


def _date(moment: datetime | None) -> str | None:
    return None if moment is None else serial.date(moment)


def channel(c: Channel) -> Facts:
    return {
        "sid": c.sid,
        "friendly_name": c.friendly_name,
        "unique_name": c.unique_name,
        "attributes": c.attributes,
        "type": c.type.value,
        "created_by": c.created_by,
        "date_created": _date(c.date_created),
        "date_updated": _date(c.date_updated),
        "messaging_service_sid": c.messaging_service_sid,
        "state": c.state.value,
        "state_updated": _date(c.state_updated),
    }


def media(m: Media) -> Facts:
    return {"sid": m.sid, "content_type": m.content_type, "filename": m.filename, "size": m.size}


def message(m: Message) -> Facts:
    return {
        "sid": m.sid,
        "index": m.index,
        "body": m.body,
        "attributes": m.attributes,
        "author": m.author,
        "member_sid": m.member_sid,
        "media": [media(file) for file in m.media],
        "last_updated_by": m.last_updated_by,
        "date_created": _date(m.date_created),
        "date_updated": _date(m.date_updated),
    }


def member(m: Member) -> Facts:
    return {
        "sid": m.sid,
        "identity": m.identity,
        "role_sid": m.role_sid,
        "attributes": m.attributes,
        "last_consumed_message_index": m.last_consumed_message_index,
        "messaging_binding": None,
        "date_created": _date(m.date_created),
        "date_updated": _date(m.date_updated),
    }


def guest(g: Guest) -> Facts:
    return {
        "sid": g.sid,
        "identity": None,
        "role_sid": g.role_sid,
        "attributes": g.attributes,
        "last_consumed_message_index": g.last_read_message_index,
        "messaging_binding": asdict(g.binding),
        "date_created": _date(g.date_created),
        "date_updated": _date(g.date_updated),
    }


def user(u: User) -> Facts:
    return {
        "sid": u.sid,
        "identity": u.identity,
        "friendly_name": u.friendly_name,
        "role_sid": u.role_sid,
        "attributes": u.attributes,
        "date_created": _date(u.date_created),
        "date_updated": _date(u.date_updated),
    }
