"""Notifications of the two event protocols."""

from __future__ import annotations

import json

from chatcore.domain.ids import ChannelSid, new_sid
from gateway.sdkhttp.names import channel_document, messages_list, roster_map
from gateway.sync.events import SyncEvent, Told, document_updated, established, item, notifications, removed

CHANNEL = ChannelSid(new_sid("CH"))
AT = "2026-01-02T03:04:05.678Z"


def added(index: int) -> Told:
    return item(SyncEvent.LIST_ITEM_ADDED, messages_list(CHANNEL), index + 1, AT, index, {"text": "x"})


def test_version_4_puts_neighbours_of_one_type_together() -> None:
    told = [added(0), added(1), document_updated(channel_document(CHANNEL), 2, AT, {}), added(2)]
    bodies = [json.loads(payload) for payload in notifications(told, 4)]
    assert [(body["event_type"], len(body["events"])) for body in bodies] == [
        ("list_item_added", 2),
        ("document_updated", 1),
        ("list_item_added", 1),
    ]
    assert all("event" not in body and "correlation_id" not in body for body in bodies)


def test_version_3_has_one_event_in_each() -> None:
    bodies = [json.loads(payload) for payload in notifications([added(0), added(1)], 3)]
    assert [body["event"]["id"] for body in bodies] == [1, 2]
    assert all("events" not in body for body in bodies)


def test_results_carry_the_correlation_id() -> None:
    ref = roster_map(CHANNEL)
    (payload,) = notifications([established(ref.sid, ref.type, 7)], 4, 123)
    body = json.loads(payload)
    assert (body["correlation_id"], body["events"][0]["last_event_id"]) == (123, 7)
    assert body["events"][0]["replay_status"] == "completed"


def test_list_items_have_numbers_for_indexes() -> None:
    _, event = added(41)
    assert (event["item_index"], event["id"]) == (41, 42)
    assert str(event["item_url"]).endswith("/Items/41")


def test_what_is_removed_has_no_url() -> None:
    _, event = item(SyncEvent.MAP_ITEM_REMOVED, roster_map(CHANNEL), 3, AT, "MB1", {})
    assert "item_url" not in event


def test_a_deleted_channel_removes_each_kind_of_object() -> None:
    kinds = [removed(ref, 9, AT)[0] for ref in (channel_document(CHANNEL), messages_list(CHANNEL), roster_map(CHANNEL))]
    assert kinds == [SyncEvent.DOCUMENT_REMOVED, SyncEvent.LIST_REMOVED, SyncEvent.MAP_REMOVED]
