"""What changed in a roster since a position: from the members as they are, and from the log for those who left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from chatcore.domain import serial
from chatcore.domain.guests import Guest
from chatcore.domain.ids import ChannelSid
from chatcore.domain.model import Member
from chatcore.ports.sync import ChannelRoot, SyncReads
from gateway.sdkhttp.names import roster_map

from . import data, events, payloads
from .events import SyncEvent, Told

LEFT_MAX = 1000
"""Removals that are replayed; rosters have rarely so many members."""


async def changes_since(
    reads: SyncReads, roots: Mapping[ChannelSid, ChannelRoot], since: Mapping[ChannelSid, int], young: datetime
) -> Mapping[ChannelSid, list[Told]]:
    """Of many rosters, each in no order. Members whose read horizon moved after `young` count as changed."""
    if not since:
        return {}
    members = await reads.changed_rosters(since, young)
    told: dict[ChannelSid, list[Told]] = {}
    for sid, position in since.items():
        root = roots[sid]
        entries: list[Member | Guest] = list(members.get(sid, ()))
        if root.channel.guests_count:
            entries += await reads.changed_guests(sid, position)
        told[sid] = [_entry(entry, position) for entry in entries]
        if root.roster_position > position:
            told[sid] += await _left(reads, sid, position)
    return told


def _entry(entry: Member | Guest, since: int) -> Told:
    kind = SyncEvent.MAP_ITEM_ADDED if entry.roster_created > since else SyncEvent.MAP_ITEM_UPDATED
    ref, at = roster_map(entry.channel_sid), serial.date(entry.date_updated)
    return events.item(kind, ref, entry.roster_position, at, entry.sid, data.roster_entry(entry))


async def _left(reads: SyncReads, sid: ChannelSid, since: int) -> list[Told]:
    gone = [payloads.member_event(payload) for payload in await reads.left(sid, since, LEFT_MAX)]
    return [
        events.item(
            SyncEvent.MAP_ITEM_REMOVED, roster_map(sid), event.member.roster_position, event.at, event.member.sid, {}
        )
        for event in gone
        if event.member.roster_position > since
    ]
