"""The data of documents and items, as the Twilio SDKs read it. From domain values, and from payloads of events.

`attributes` are JSON text everywhere. Dates have milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from chatcore.domain import serial
from chatcore.domain.guests import Guest
from chatcore.domain.ids import UserSid
from chatcore.domain.model import Channel, ChannelState, Media, Member, Message, User
from chatcore.ports.sync import ChannelRoot
from gateway.sdkhttp.names import channel_document, info_map, messages_list, roster_map

from . import payloads

Json = dict[str, object]


def date_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else serial.date(moment)


def _state(state: str) -> str:
    """The SDKs know three states."""
    return ChannelState.INACTIVE.value if state == ChannelState.INITIALIZING.value else state


def channel(c: Channel) -> Json:
    data: Json = {
        "sid": c.sid,
        "friendlyName": c.friendly_name,
        "uniqueName": c.unique_name,
        "attributes": c.attributes,
        "type": c.type.value,
        "createdBy": c.created_by,
        "dateCreated": serial.date(c.date_created),
        "dateUpdated": serial.date(c.date_updated),
        "messages": messages_list(c.sid).unique_name,
        "roster": roster_map(c.sid).unique_name,
        "state": {"current": _state(c.state.value), "dateUpdated": serial.date(c.state_updated or c.date_created)},
    }
    if c.last_message is not None:
        data["lastMessage"] = last_message(c.last_message.index, serial.date(c.last_message.date_created))
    return data


def channel_of_event(c: payloads.Channel) -> Json:
    data: Json = {
        "sid": c.sid,
        "friendlyName": c.friendly_name,
        "uniqueName": c.unique_name,
        "attributes": payloads.text(c.attributes),
        "type": c.type,
        "createdBy": c.created_by,
        "dateCreated": c.date_created,
        "dateUpdated": c.date_updated,
        "messages": messages_list(c.sid).unique_name,
        "roster": roster_map(c.sid).unique_name,
        "state": {"current": _state(c.state), "dateUpdated": c.state_updated or c.date_created},
    }
    if c.last_message is not None:
        data["lastMessage"] = last_message(c.last_message.index, c.last_message.date_created)
    return data


def last_message(index: int, timestamp: str) -> Json:
    return {"index": index, "timestamp": timestamp}


def message(m: Message) -> Json:
    return {
        "sid": m.sid,
        "index": m.index,
        "author": m.author,
        "memberSid": m.member_sid,
        "text": m.body,
        "timestamp": serial.date(m.date_created),
        "dateUpdated": serial.date(m.date_updated),
        "lastUpdatedBy": m.last_updated_by,
        "attributes": m.attributes,
        "subject": m.subject,
        "contentSid": m.content_sid,
        **_files([_file(file) for file in m.media]),
    }


def message_of_event(m: payloads.Message) -> Json:
    files = m.medias or ([m.media] if m.media is not None else [])
    return {
        "sid": m.sid,
        "index": m.index,
        "author": m.author,
        "memberSid": m.member_sid,
        "text": m.body,
        "timestamp": m.date_created,
        "dateUpdated": m.date_updated,
        "lastUpdatedBy": m.last_updated_by,
        "attributes": payloads.text(m.attributes),
        "subject": m.subject,
        "contentSid": m.content_sid,
        **_files([_file_of_event(file) for file in files]),
    }


def _file(m: Media) -> Json:
    return {
        "sid": m.sid,
        "category": m.category.value,
        "contentType": m.content_type,
        "filename": m.filename,
        "size": m.size,
    }


def _file_of_event(m: payloads.Media) -> Json:
    return {
        "sid": m.sid,
        "category": m.category,
        "contentType": m.content_type,
        "filename": m.filename,
        "size": m.size,
    }


def _files(files: Sequence[Json]) -> Json:
    """`media` is the first file proper, `medias` are all; of one without the other newer SDKs make a false update."""
    if not files:
        return {"type": "text"}
    first = next((file for file in files if file["category"] == "media"), files[0])
    single = {name: value for name, value in first.items() if name != "category"}
    return {"type": "media", "media": single, "medias": list(files)}


def member(m: Member) -> Json:
    return {
        "identity": m.identity,
        "type": "chat",
        "userInfo": info_map(m.user_sid).unique_name,
        "roleSid": m.role_sid,
        "attributes": m.attributes,
        "dateCreated": serial.date(m.date_created),
        "dateUpdated": serial.date(m.date_updated),
        "lastConsumedMessageIndex": m.last_consumed_message_index,
        "lastConsumptionTimestamp": date_or_none(m.last_consumption_timestamp),
    }


def guest(g: Guest) -> Json:
    return {
        "identity": None,
        "type": g.binding.type,
        "userInfo": None,
        "roleSid": g.role_sid,
        "attributes": g.attributes,
        "dateCreated": serial.date(g.date_created),
        "dateUpdated": serial.date(g.date_updated),
        "lastConsumedMessageIndex": g.last_read_message_index,
        "lastConsumptionTimestamp": date_or_none(g.last_read_timestamp),
    }


def roster_entry(entry: Member | Guest) -> Json:
    return member(entry) if isinstance(entry, Member) else guest(entry)


def member_of_event(m: payloads.Member, user_sid: str) -> Json:
    binding = m.messaging_binding
    return {
        "identity": m.identity,
        "type": "chat" if binding is None else binding.type,
        "userInfo": info_map(UserSid(user_sid)).unique_name if binding is None else None,
        "roleSid": m.role_sid,
        "attributes": payloads.text(m.attributes),
        "dateCreated": m.date_created,
        "dateUpdated": m.date_updated,
        "lastConsumedMessageIndex": m.last_consumed_message_index,
        "lastConsumptionTimestamp": m.last_consumption_timestamp,
    }


def own(root: ChannelRoot) -> Json:
    """A channel as its user's map shows it; all members always, because a missing one means "as it was"."""
    sid, joined = root.channel.sid, root.member
    return {
        "status": "joined" if joined is not None else "invited",
        "channel": channel_document(sid).unique_name,
        "messages": messages_list(sid).unique_name,
        "roster": roster_map(sid).unique_name,
        "type": root.channel.type.value,
        "lastConsumedMessageIndex": joined.last_consumed_message_index if joined is not None else None,
        "notificationLevel": joined.notification_level.value if joined is not None else "default",
    }


FRIENDLY_NAME, ATTRIBUTES, REACHABILITY = "friendlyName", "attributes", "reachability"


def user(u: User) -> dict[str, Json]:
    """The items of a user's info map that the profile fills."""
    return {FRIENDLY_NAME: {"value": u.friendly_name}, ATTRIBUTES: {"value": u.attributes}}
