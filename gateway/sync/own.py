"""The map of a user's own channels: what happened to it, and what it shows."""

from __future__ import annotations

from collections.abc import Sequence

from chatcore.domain import serial
from chatcore.domain.events import Event, EventType
from chatcore.domain.ids import ChannelSid
from chatcore.ports.sync import ChannelRoot
from gateway.sdkhttp.names import own_map
from gateway.sdkhttp.session import SdkSession

from . import data, events, payloads
from .events import SyncEvent, Told
from .services import SyncServices

PAGE = 500

_NEW = frozenset({EventType.CHANNEL_JOINED, EventType.CHANNEL_INVITED})
_GONE = frozenset({EventType.CHANNEL_LEFT, EventType.CHANNEL_UNINVITED})
SHOWN = _NEW | _GONE | {EventType.CHANNEL_SETTINGS, EventType.READ_UPDATED}
"""Events of a user's stream that change the map."""


async def own_changes(
    services: SyncServices, session: SdkSession, changes: Sequence[Event], *, since: int | None = None
) -> list[Told]:
    """What the map of own channels says of these events, one for each channel and in the order of the last of them.
    `since`: items that were made after it are new, whatever the events say."""
    last: dict[ChannelSid, Event] = {}
    for event in changes:
        if event.type in SHOWN:
            sid = ChannelSid(event.subject)
            last.pop(sid, None)
            last[sid] = event
    actor = session.actor
    roots = await services.reads.roots(actor.service_sid, session.user_sid, list(last)) if last else {}
    ref = own_map(session.user_sid)
    told = []
    for sid, event in last.items():
        at = payloads.moment(event.payload).at
        root = roots.get(sid)
        entry = root.member or root.invite if root is not None else None
        if root is None or entry is None:
            told.append(events.item(SyncEvent.MAP_ITEM_REMOVED, ref, event.offset, at, sid, {}))
            continue
        made = root.member.own_created if root.member is not None else entry.own_position
        new = made > since if since is not None else any(e.type in _NEW for e in changes if e.subject == sid)
        kind = SyncEvent.MAP_ITEM_ADDED if new else SyncEvent.MAP_ITEM_UPDATED
        told.append(events.item(kind, ref, event.offset, at, sid, data.own(root)))
    return told


def positions(root: ChannelRoot) -> tuple[int, int]:
    """Where in the user's stream the item was made, and where it changed last."""
    if root.member is not None:
        return root.member.own_created, root.member.own_position
    assert root.invite is not None, "an item is a membership or an invitation"
    return root.invite.own_position, root.invite.own_position


async def own_replay(services: SyncServices, session: SdkSession, log: Sequence[Event], since: int) -> list[Told]:
    """The map's changes after a position. `log` are the user's events behind it; if they do not reach back so far,
    every item that changed is told, and removals are left out."""
    if log and log[0].offset == since + 1:
        return await own_changes(services, session, log, since=since)
    ref = own_map(session.user_sid)
    told: list[tuple[int, Told]] = []
    start: str | None = None
    while page := await services.reads.own_page(session.user_sid, start=start, limit=PAGE, up=True):
        for root in page:
            made, changed = positions(root)
            if changed > since:
                kind = SyncEvent.MAP_ITEM_ADDED if made > since else SyncEvent.MAP_ITEM_UPDATED
                at = serial.date(root.channel.date_updated)
                told.append((changed, events.item(kind, ref, changed, at, root.channel.sid, data.own(root))))
        if len(page) < PAGE:
            break
        start = page[-1].channel.sid + " "  # behind the last one
    return [entry for _, entry in sorted(told, key=lambda entry: entry[0])]
