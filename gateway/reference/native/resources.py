"""Resources of the native protocol. Further properties may appear: clients ignore what they do not know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..shapes import Shape, flag, integer, nullable, one_of, ref, sid, text


def open_record(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object that may have more members than these."""
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}}


def date() -> Shape:
    """RFC 3339 in UTC, with milliseconds."""
    return {"type": "string", "format": "date-time"}


ANY_JSON: Final[dict[str, Any]] = {"description": "Any JSON value"}
POSITION: Final = open_record({"offset": integer(0), "epoch": text()})
_OPTIONAL_TEXT: Final = nullable(text())
_LEVEL: Final = one_of("default", "muted")
_DATES: Final = {"date_created": date(), "date_updated": date()}

_MEDIA: Final = open_record(
    {"sid": sid("ME"), "content_type": text(), "filename": _OPTIONAL_TEXT, "size": integer(0)},
    {"category": one_of("media", "body", "history")},
)

RESOURCES: Final[Mapping[str, Shape]] = {
    "Position": POSITION,
    "Media": _MEDIA,
    "Channel": open_record(
        {
            "sid": sid("CH"),
            "unique_name": _OPTIONAL_TEXT,
            "friendly_name": _OPTIONAL_TEXT,
            "type": one_of("public", "private"),
            "attributes": ANY_JSON,
            "created_by": text(),
            **_DATES,
            "members_count": integer(0),
            "messages_count": integer(0),
            "last_message": nullable(open_record({"index": integer(0), "date_created": date()})),
            "rev": integer(0),
            "stream": ref("Position"),
        }
    ),
    "Member": open_record(
        {
            "sid": sid("MB"),
            "channel_sid": sid("CH"),
            "identity": text(),
            "role_sid": sid("RL"),
            "attributes": ANY_JSON,
            "last_consumed_message_index": nullable(integer(0)),
            "last_consumption_timestamp": nullable(date()),
            **_DATES,
            "rev": integer(0),
        }
    ),
    "Message": open_record(
        {
            "sid": sid("IM"),
            "channel_sid": sid("CH"),
            "index": integer(0),
            "author": text(),
            "type": one_of("text", "media"),
            "body": _OPTIONAL_TEXT,
            "media": nullable(ref("Media")),
            "attributes": ANY_JSON,
            **_DATES,
            "was_edited": flag(),
            "last_updated_by": _OPTIONAL_TEXT,
            "client_ref": _OPTIONAL_TEXT,
            "rev": integer(0),
        }
    ),
    "Invite": open_record(
        {
            "sid": sid("IN"),
            "channel_sid": sid("CH"),
            "identity": text(),
            "created_by": text(),
            "role_sid": sid("RL"),
            "date_created": date(),
        }
    ),
    "User": open_record(
        {
            "sid": sid("US"),
            "identity": text(),
            "friendly_name": _OPTIONAL_TEXT,
            "attributes": ANY_JSON,
            "role_sid": sid("RL"),
            "is_online": nullable(flag()),
            "is_notifiable": nullable(flag()),
        }
    ),
    "Membership": open_record(
        {
            "channel": ref("Channel"),
            "status": one_of("joined", "invited"),
            "member": nullable(ref("Member")),
            "invite": nullable(ref("Invite")),
            "notification_level": _LEVEL,
            "unread_messages_count": nullable(integer(0)),
        }
    ),
    "Error": open_record({"code": integer(1), "message": text()}, {"temporary": flag()}),
}
