"""The JSON of resources and events, written once and passed through as bytes to every client.

snake_case names, RFC 3339 UTC dates with milliseconds, attributes as JSON values. A payload is one line: clients of
the JSON protocol separate messages by newlines.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from .events import EventType, LeaveReason, SignalType
from .guests import Guest
from .ids import ChannelSid
from .model import Channel, Invite, LastMessage, Media, Member, Membership, Message, NotificationLevel, User


@lru_cache(maxsize=512)
def date(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds; truncated, never rounded. Remembered: all messages of a batch have one date,
    and each is written several times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_date(text: str) -> datetime:
    return datetime.fromisoformat(text)


def string(text: str | None) -> str:
    """A JSON string, or null."""
    return "null" if text is None else encode_basestring(text)


def one_line(text: str) -> str:
    """JSON text without line breaks: the text itself where it has none, else the same value without white space."""
    if "\n" not in text and "\r" not in text:
        return text
    return _without_space(text)


def _without_space(text: str) -> str:
    """Drops white space between tokens; strings and numbers keep their spelling."""
    out: list[str] = []
    inside = False
    parts = text.split('"')
    for i, part in enumerate(parts):
        if i:
            out.append('"')
        out.append(part if inside else "".join(part.split()))
        if inside and (len(part) - len(part.rstrip("\\"))) % 2:
            continue  # the quote that follows is escaped: still inside
        inside = not inside
    return "".join(out)


def _number(value: int | None) -> str:
    return "null" if value is None else str(value)


def _date(value: datetime | None) -> str:
    return "null" if value is None else f'"{date(value)}"'


def last_message(value: LastMessage | None) -> str:
    return "null" if value is None else f'{{"index":{value.index},"date_created":"{date(value.date_created)}"}}'


def channel(c: Channel) -> str:
    return (
        f'{{"sid":"{c.sid}","unique_name":{string(c.unique_name)},"friendly_name":{string(c.friendly_name)},'
        f'"type":"{c.type.value}","attributes":{one_line(c.attributes)},"created_by":{string(c.created_by)},'
        f'"date_created":"{date(c.date_created)}","date_updated":"{date(c.date_updated)}",'
        f'"members_count":{c.members_count},"messages_count":{c.messages_count},'
        f'"last_message":{last_message(c.last_message)},"state":"{c.state.value}",'
        f'"state_updated":{_date(c.state_updated)},"rev":{c.rev},'
        f'"stream":{{"offset":{c.stream.offset},"epoch":"{c.stream.epoch}"}}}}'
    )


def member(m: Member) -> str:
    return (
        f'{{"sid":"{m.sid}","channel_sid":"{m.channel_sid}","identity":{string(m.identity)},"role_sid":"{m.role_sid}",'
        f'"attributes":{one_line(m.attributes)},"last_consumed_message_index":{_number(m.last_consumed_message_index)},'
        f'"last_consumption_timestamp":{_date(m.last_consumption_timestamp)},"date_created":"{date(m.date_created)}",'
        f'"date_updated":"{date(m.date_updated)}","rev":{m.rev},"roster_position":{m.roster_position}}}'
    )


def guest(g: Guest) -> str:
    """As a member, without identity."""
    b = g.binding
    return (
        f'{{"sid":"{g.sid}","channel_sid":"{g.channel_sid}","identity":null,"role_sid":{string(g.role_sid)},'
        f'"attributes":{one_line(g.attributes)},"last_consumed_message_index":{_number(g.last_read_message_index)},'
        f'"last_consumption_timestamp":{_date(g.last_read_timestamp)},"date_created":"{date(g.date_created)}",'
        f'"date_updated":"{date(g.date_updated)}","rev":{g.rev},"roster_position":{g.roster_position},'
        f'"messaging_binding":{{"type":{string(b.type)},"address":{string(b.address)},'
        f'"proxy_address":{string(b.proxy_address)},"projected_address":{string(b.projected_address)},'
        f'"name":{string(b.name)},"level":{string(b.level)}}}}}'
    )


def media(m: Media) -> str:
    return (
        f'{{"sid":"{m.sid}","content_type":{string(m.content_type)},"filename":{string(m.filename)},'
        f'"size":{m.size},"category":"{m.category.value}"}}'
    )


def _files(files: Sequence[Media]) -> str:
    """`media` is the first file, which is what most clients show; `medias` are all of them, where there are more."""
    if not files:
        return '"media":null'
    first = f'"media":{media(files[0])}'
    return first if len(files) == 1 else f'{first},"medias":[{",".join(map(media, files))}]'


def _extras(m: Message) -> str:
    """What few messages have."""
    subject = "" if m.subject is None else f',"subject":{string(m.subject)}'
    return subject if m.content_sid is None else f'{subject},"content_sid":{string(m.content_sid)}'


def message(m: Message) -> str:
    return (
        f'{{"sid":"{m.sid}","channel_sid":"{m.channel_sid}","index":{m.index},"author":{string(m.author)},'
        f'"type":"{"media" if m.media else "text"}","body":{string(m.body)},{_files(m.media)},'
        f'"attributes":{one_line(m.attributes)},"date_created":"{date(m.date_created)}",'
        f'"date_updated":"{date(m.date_updated)}","was_edited":{"true" if m.was_edited else "false"},'
        f'"last_updated_by":{string(m.last_updated_by)},"client_ref":{string(m.client_ref)},'
        f'"member_sid":{string(m.member_sid)}{_extras(m)},"rev":{m.rev}}}'
    )


def invite(i: Invite) -> str:
    return (
        f'{{"sid":"{i.sid}","channel_sid":"{i.channel_sid}","identity":{string(i.identity)},'
        f'"created_by":{string(i.created_by)},"role_sid":"{i.role_sid}","date_created":"{date(i.date_created)}"}}'
    )


def user(u: User, *, is_online: bool | None = None, is_notifiable: bool | None = None) -> str:
    return (
        f'{{"sid":"{u.sid}","identity":{string(u.identity)},"friendly_name":{string(u.friendly_name)},'
        f'"attributes":{one_line(u.attributes)},"role_sid":"{u.role_sid}","is_online":{json.dumps(is_online)},'
        f'"is_notifiable":{json.dumps(is_notifiable)},"rev":{u.rev}}}'
    )


def membership(m: Membership) -> str:
    level = m.member.notification_level if m.member else NotificationLevel.DEFAULT
    return (
        f'{{"channel":{channel(m.channel)},"status":"{m.status.value}",'
        f'"member":{member(m.member) if m.member else "null"},"invite":{invite(m.invite) if m.invite else "null"},'
        f'"notification_level":"{level.value}","unread_messages_count":{_number(m.unread_messages_count)}}}'
    )


def event(
    kind: EventType | SignalType, *, at: datetime, by: str | None, channel_sid: ChannelSid | None = None, **parts: str
) -> bytes:
    """The payload of an event or signal. `parts` are members whose values are JSON text already."""
    where = f',"channel_sid":"{channel_sid}"' if channel_sid is not None else ""
    rest = "".join(f',"{name}":{value}' for name, value in parts.items())
    return f'{{"type":"{kind.value}","at":"{date(at)}","by":{string(by)}{where}{rest}}}'.encode()


def removed_message(m: Message, rev: int) -> str:
    return f'{{"sid":"{m.sid}","index":{m.index},"rev":{rev}}}'


def reason(value: LeaveReason) -> str:
    return f'"{value.value}"'


def decode(payload: bytes) -> dict[str, Any]:
    """The object behind a payload of ours; for rooms that write another dialect from it."""
    value: dict[str, Any] = json.loads(payload)
    return value
