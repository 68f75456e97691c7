"""What a messages list missed: from the event log, or from the newest messages where the log does not reach back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatcore.domain import serial
from chatcore.domain.events import Event
from chatcore.domain.model import Channel, Message, Order
from gateway.sdkhttp.names import Kind, messages_list

from . import data, events, told
from .events import SyncEvent, Told
from .services import SyncServices

REPLAY_MAX = 250
"""Events of one channel that are replayed at once; the client is asked to come again for the rest."""


@dataclass(frozen=True, slots=True)
class Missed:
    """`last` is the position that the client has reached with it; `complete` says that nothing was cut off before the
    channel's position as it was read."""

    told: Sequence[Told]
    last: int
    complete: bool


async def missed_messages(services: SyncServices, channel: Channel, log: Sequence[Event], since: int) -> Missed:
    """`log` are the events behind `since`, one more than REPLAY_MAX where there are too many."""
    if log and log[0].offset == since + 1:
        kept = log[:REPLAY_MAX]
        entries = [entry for event in kept for entry in told.of_channel(event, (Kind.MESSAGES,), None)]
        return Missed(entries, kept[-1].offset, len(kept) == len(log))
    page = await services.chat.history.reads.messages.list(channel.sid, limit=REPLAY_MAX, order=Order.DESC)
    changed = sorted((m for m in page.items if m.rev > since), key=lambda m: m.rev)
    # The page may be newer than the channel as it was read.
    last = max([channel.stream.offset, *(message.rev for message in changed)])
    return Missed([_entry(message, since) for message in changed], last, True)


def _entry(message: Message, since: int) -> Told:
    kind = SyncEvent.LIST_ITEM_ADDED if message.created_rev > since else SyncEvent.LIST_ITEM_UPDATED
    ref, at = messages_list(message.channel_sid), serial.date(message.date_updated)
    return events.item(kind, ref, message.rev, at, message.index, data.message(message))
