"""What changed in a roster since a position: from the members as they are, and from the log for those who left."""

from __future__ import annotations

from datetime import datetime

from chatcore.domain import serial
from chatcore.domain.guests import Guest
from chatcore.domain.model import Member
from chatcore.ports.sync import ChannelRoot, SyncReads
from gateway.sdkhttp.names import roster_map

from . import data, events, payloads
from .events import SyncEvent, Told

LEFT_MAX = 1000
"""Removals that are replayed; rosters have rarely so many members."""


async def changes_since(reads: SyncReads, root: ChannelRoot, since: int, young: datetime) -> list[Told]:
    """In no order. Members whose read horizon moved after `young` count as changed."""
    ref, sid = roster_map(root.channel.sid), root.channel.sid
    told: list[Told] = []
    entry: Member | Guest
    for entry in await reads.changed_roster(sid, since, young, guests=root.channel.guests_count > 0):
        kind = SyncEvent.MAP_ITEM_ADDED if entry.roster_created > since else SyncEvent.MAP_ITEM_UPDATED
        at = serial.date(entry.date_updated)
        told.append(events.item(kind, ref, entry.roster_position, at, entry.sid, data.roster_entry(entry)))
    if root.roster_position > since:
        for payload in await reads.left(sid, since, LEFT_MAX):
            event = payloads.member_event(payload)
            if (position := event.member.roster_position) > since:
                told.append(events.item(SyncEvent.MAP_ITEM_REMOVED, ref, position, event.at, event.member.sid, {}))
    return told
