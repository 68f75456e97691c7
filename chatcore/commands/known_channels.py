"""Channels as this node last left them.

Where a batch of plain messages goes to channels that nobody else has changed since, one statement is enough: it moves
the positions from where this node left them, and moves nothing where they are elsewhere by now. Whatever changes a
channel or its roster moves the position; roles, scoped webhooks and guests do not, and the statement checks them.
So what is kept here is only ever a guess: a wrong one costs a statement, never an order, an index or a permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from chatcore.domain.ids import SYSTEM, ChannelSid, Identity
from chatcore.domain.model import UNSET, Channel, ChannelState
from chatcore.ports.clock import Clock
from chatcore.ports.views import Sender

from .sending import Known, Send, needed_permission

CHANNELS: Final = 10_000
"""Kept at most; the one that was used least recently goes first."""

SENDERS: Final = 1000
"""Kept per channel at most."""

AVOIDED: Final = 1.0
"""Seconds for which a channel that another node writes to as well is not guessed at."""


@dataclass(slots=True)
class _Left:
    """A channel as it was left; None while it is avoided."""

    channel: Channel | None
    senders: dict[str, Sender] = field(default_factory=dict)
    avoided_until: float = 0.0


class KnownChannels:
    """A guess at the state of channels, from what this node wrote or read last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: dict[ChannelSid, _Left] = {}

    def recall(self, batch: Sequence[Send]) -> tuple[dict[ChannelSid, Channel], Known] | None:
        """What a batch needs to know, or None unless all of it is plain messages to channels that are known."""
        channels: dict[ChannelSid, Channel] = {}
        senders: dict[tuple[str, str], Sender] = {}
        for send in batch:
            left = self._left.get(send.channel_sid)
            if left is None or left.channel is None or not _plain(send, left.channel):
                return None
            channels[send.channel_sid] = left.channel
            author, identity = send.author, send.actor.identity
            if author != SYSTEM:
                if (sender := left.senders.get(author)) is None:
                    return None
                senders[send.channel_sid, author] = sender
            if identity is not None:
                if (sender := left.senders.get(identity)) is None or needed_permission(
                    send.draft
                ) not in sender.permissions:
                    return None
                senders[send.channel_sid, identity] = sender
        return channels, Known(senders=senders, refs={}, files={}, webhooks={}, guests={})

    def keep(
        self,
        before: Mapping[ChannelSid, Channel],
        after: Iterable[Channel],
        senders: Mapping[tuple[str, str], Sender],
    ) -> None:
        """Channels as a commit of this node found and left them, with what is known of their senders."""
        by_channel: dict[str, dict[str, Sender]] = {}
        for (sid, identity), sender in senders.items():
            by_channel.setdefault(sid, {})[identity] = sender
        for channel in after:
            old = self._left.pop(channel.sid, None)
            if old is not None and old.avoided_until > self._clock.monotonic():
                self._left[channel.sid] = old
                continue
            found: dict[str, Sender] = {}
            if old is not None and old.channel is not None and old.channel.stream == before[channel.sid].stream:
                found = old.senders  # nobody joined or left meanwhile
            if len(found) > SENDERS:
                found = {}
            found.update(by_channel.get(channel.sid, {}))
            self._left[channel.sid] = _Left(channel, found)
        while len(self._left) > CHANNELS:
            del self._left[next(iter(self._left))]

    def avoid(self, sids: Iterable[ChannelSid]) -> None:
        """Another node changes them too."""
        until = self._clock.monotonic() + AVOIDED
        for sid in sids:
            self._left.pop(sid, None)
            self._left[sid] = _Left(None, avoided_until=until)


def _plain(send: Send, channel: Channel) -> bool:
    """Whether the message changes nothing but positions."""
    draft, timers = send.draft, channel.timers
    return (
        channel.state is ChannelState.ACTIVE
        and channel.service_sid == send.actor.service_sid
        and timers.inactive_after is None
        and timers.closed_after is None
        and not channel.webhooks_count
        and not channel.guests_count
        and not draft.media_sids
        and draft.subject is None
        and draft.content_sid is None
        and draft.date_created is UNSET
        and draft.date_updated is UNSET
        and draft.last_updated_by is UNSET
    )


def requirements(batch: Sequence[Send]) -> list[tuple[ChannelSid, Identity, str]]:
    """Who has to be a member with which permission; each once."""
    return list(
        {
            (send.channel_sid, send.actor.identity, str(needed_permission(send.draft))): None
            for send in batch
            if send.actor.identity is not None
        }
    )
