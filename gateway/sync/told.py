"""What a chat event is to the Sync objects of its channel, of a user's info map: pure translation.

Positions: the channel's document and its messages list count in offsets of the channel's stream; the roster in its own
positions; an info map in four ids for each position of the profile, one for each of its items and one above them.
"""

from __future__ import annotations

from collections.abc import Collection

from chatcore.domain.events import Announcement, Event, EventType, SignalType, topic_sid
from chatcore.domain.ids import ChannelSid, UserSid
from gateway.sdkhttp.names import Kind, channel_document, info_map, messages_list, roster_map

from . import data, events, payloads
from .documents import Document
from .events import SyncEvent, Told

INFO_STEP = 4
FRIENDLY_NAME_STEP, ATTRIBUTES_STEP, REACHABILITY_STEP = 0, 1, 2

_ROSTER = {
    EventType.MEMBER_JOINED: SyncEvent.MAP_ITEM_ADDED,
    EventType.MEMBER_UPDATED: SyncEvent.MAP_ITEM_UPDATED,
    EventType.MEMBER_LEFT: SyncEvent.MAP_ITEM_REMOVED,
}
_MESSAGES = {
    EventType.MESSAGE_ADDED: SyncEvent.LIST_ITEM_ADDED,
    EventType.MESSAGE_UPDATED: SyncEvent.LIST_ITEM_UPDATED,
}


def info_top(position: int) -> int:
    """The last event id of an info map at a position of the profile."""
    return position * INFO_STEP + INFO_STEP - 1


def of_channel(announcement: Announcement, kinds: Collection[Kind], document: Document | None) -> list[Told]:
    """What the subscribers of these objects of the channel are told. `document` has heard the announcement already."""
    if not isinstance(announcement, Event):
        return _of_signal(announcement.type, announcement, kinds)
    told: list[Told] = []
    sid, kind, offset = ChannelSid(topic_sid(announcement.topic)), announcement.type, announcement.offset
    match kind:
        case EventType.MESSAGE_ADDED | EventType.MESSAGE_UPDATED if Kind.MESSAGES in kinds:
            event = payloads.message_event(announcement.payload)
            about = data.message_of_event(event.message)
            told.append(events.item(_MESSAGES[kind], messages_list(sid), offset, event.at, event.message.index, about))
        case EventType.MESSAGE_REMOVED if Kind.MESSAGES in kinds:
            gone = payloads.removed_event(announcement.payload)
            ref, index = messages_list(sid), gone.message.index
            told.append(events.item(SyncEvent.LIST_ITEM_REMOVED, ref, offset, gone.at, index, {}))
        case EventType.MEMBER_JOINED | EventType.MEMBER_UPDATED | EventType.MEMBER_LEFT if Kind.ROSTER in kinds:
            told.append(_roster(_ROSTER[kind], sid, announcement))
        case EventType.CHANNEL_DELETED:
            at = _at(announcement)
            refs = (messages_list(sid), roster_map(sid), channel_document(sid))
            told += [events.removed(ref, offset, at) for ref in refs if ref.kind in kinds]
        case _:
            pass
    if Kind.CHANNEL in kinds and document is not None and document.position == offset:
        told.append(events.document_updated(channel_document(sid), offset, document.at, document.data))
    return told


def _of_signal(kind: EventType | SignalType, signal: Announcement, kinds: Collection[Kind]) -> list[Told]:
    if kind is not SignalType.READ_UPDATED or Kind.ROSTER not in kinds:
        return []
    return [_roster(SyncEvent.MAP_ITEM_UPDATED, ChannelSid(topic_sid(signal.topic)), signal)]


def _roster(kind: SyncEvent, sid: ChannelSid, announcement: Announcement) -> Told:
    event = payloads.member_event(announcement.payload)
    about = data.member_of_event(event.member, announcement.subject)
    return events.item(kind, roster_map(sid), event.member.roster_position, event.at, event.member.sid, about)


def of_profile(announcement: Announcement) -> list[Told]:
    """What the subscribers of a user's info map are told."""
    ref = info_map(UserSid(topic_sid(announcement.topic)))
    if announcement.type is SignalType.USER_UPDATED:
        event = payloads.user_signal(announcement.payload)
        base, user = event.position * INFO_STEP, event.user
        name, attributes = {"value": user.friendly_name}, {"value": payloads.text(user.attributes)}
        return [
            events.item(SyncEvent.MAP_ITEM_UPDATED, ref, base + FRIENDLY_NAME_STEP, event.at, data.FRIENDLY_NAME, name),
            events.item(SyncEvent.MAP_ITEM_UPDATED, ref, base + ATTRIBUTES_STEP, event.at, data.ATTRIBUTES, attributes),
        ]
    if announcement.type is SignalType.USER_REACHABILITY:
        signal = payloads.reachability_signal(announcement.payload)
        if signal.position is None:
            return []
        position = signal.position * INFO_STEP + REACHABILITY_STEP
        reach = {"online": bool(signal.is_online), "notifiable": bool(signal.is_notifiable)}
        return [events.item(SyncEvent.MAP_ITEM_UPDATED, ref, position, signal.at, data.REACHABILITY, reach)]
    return []


def _at(announcement: Announcement) -> str:
    at: str = payloads.moment(announcement.payload).at
    return at
