"""Sync events and the notifications that carry them, in the two versions of the event protocol.

Version 4 takes several events of one type in a notification, version 3 takes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from gateway.sdkhttp.names import ObjectType, Ref

Json = dict[str, object]
_encode = msgspec.json.encode


class SyncEvent(StrEnum):
    DOCUMENT_UPDATED = "document_updated"
    DOCUMENT_REMOVED = "document_removed"
    MAP_ITEM_ADDED = "map_item_added"
    MAP_ITEM_UPDATED = "map_item_updated"
    MAP_ITEM_REMOVED = "map_item_removed"
    MAP_REMOVED = "map_removed"
    LIST_ITEM_ADDED = "list_item_added"
    LIST_ITEM_UPDATED = "list_item_updated"
    LIST_ITEM_REMOVED = "list_item_removed"
    LIST_REMOVED = "list_removed"
    LIST_CONTEXT_UPDATED = "list_context_updated"
    ESTABLISHED = "subscription_established"
    CANCELED = "subscription_canceled"
    FAILED = "subscription_failed"


Told = tuple[SyncEvent, Json]
"""An event of one object."""


def notifications(told: Sequence[Told], version: int, correlation_id: int | None = None) -> list[bytes]:
    """Payloads that tell all of it, in order."""
    payloads: list[bytes] = []
    start = 0
    while start < len(told):
        kind = told[start][0]
        end = start + 1
        while version >= 4 and end < len(told) and told[end][0] is kind:
            end += 1
        body: Json = {"event_type": kind.value, "event_protocol_version": version, "strictly_ordered": True}
        if correlation_id is not None:
            body["correlation_id"] = correlation_id
        if version >= 4:
            body["events"] = [event for _, event in told[start:end]]
        else:
            body["event"] = told[start][1]
        payloads.append(_encode(body))
        start = end
    return payloads


def document_updated(ref: Ref, position: int, at: str, data: Json) -> Told:
    return SyncEvent.DOCUMENT_UPDATED, {
        "id": position,
        "date_created": at,
        "document_sid": ref.sid,
        "document_unique_name": ref.unique_name,
        "document_revision": revision(position),
        "document_data": data,
    }


def item(kind: SyncEvent, ref: Ref, position: int, at: str, key: str | int, data: Mapping[str, object]) -> Told:
    """Added, updated or removed; `data` is the whole new value."""
    name = ref.type.value
    label = "item_index" if ref.type is ObjectType.LIST else "item_key"
    event: Json = {
        "id": position,
        "date_created": at,
        f"{name}_sid": ref.sid,
        f"{name}_revision": revision(position),
        label: key,
        "item_data": data,
    }
    if kind not in (SyncEvent.MAP_ITEM_REMOVED, SyncEvent.LIST_ITEM_REMOVED):
        event |= {"date_expires": None, "item_url": f"{ref.url}/Items/{key}", "item_revision": revision(position)}
    return kind, event


def removed(ref: Ref, position: int, at: str) -> Told:
    """The object is gone."""
    kinds = {
        ObjectType.DOCUMENT: SyncEvent.DOCUMENT_REMOVED,
        ObjectType.LIST: SyncEvent.LIST_REMOVED,
        ObjectType.MAP: SyncEvent.MAP_REMOVED,
    }
    event: Json = {"id": position, "date_created": at, f"{ref.type.value}_sid": ref.sid}
    if ref.type is ObjectType.DOCUMENT:
        event["document_data"] = {}
    return kinds[ref.type], event


def established(sid: str, kind: ObjectType, position: int, *, complete: bool = True) -> Told:
    """`complete` False asks the client to subscribe again from where it is by then."""
    return SyncEvent.ESTABLISHED, {
        "object_sid": sid,
        "object_type": kind.value,
        "replay_status": "completed" if complete else "interrupted",
        "last_event_id": position,
    }


def canceled(sid: str, kind: str) -> Told:
    return SyncEvent.CANCELED, {"object_sid": sid, "object_type": kind}


def failed(sid: str, kind: str, status: int, code: int, message: str) -> Told:
    error = {"status": status, "code": code, "message": message}
    return SyncEvent.FAILED, {"object_sid": sid, "object_type": kind, "error": error}


def revision(position: int) -> str:
    return f"{position:x}"
