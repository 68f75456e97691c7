"""States of conversations: what activity does to them, and when their timers run out.

`closed` is final. Messages and new participants wake an inactive conversation and start its timers again; both timers
count from the last activity, and neither runs while a conversation is being initialised.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import Channel, ChannelState, Timers

_RUNNING = (ChannelState.ACTIVE, ChannelState.INACTIVE)


def require_open(channel: Channel) -> None:
    """Raises ChatError(CHANNEL_CLOSED)."""
    if channel.state is ChannelState.CLOSED:
        raise ChatError(Code.CHANNEL_CLOSED, "The conversation is closed")


def touched(channel: Channel, now: datetime) -> Channel:
    """After a message or a new participant. Raises ChatError(CHANNEL_CLOSED)."""
    require_open(channel)
    if channel.state is ChannelState.INACTIVE:
        return in_state(channel, ChannelState.ACTIVE, now)
    timers = channel.timers
    if timers.inactive_after is None and timers.closed_after is None:
        return channel
    return replace(channel, timers=started(timers, channel.state, now))


def in_state(channel: Channel, state: ChannelState, now: datetime) -> Channel:
    """Moves to the state and starts the timers that run in it."""
    timers = started(channel.timers, state, now)
    if state is ChannelState.INACTIVE and channel.timers.date_closed is not None:
        timers = replace(timers, date_closed=channel.timers.date_closed)  # it counts from the last activity
    return replace(channel, state=state, state_updated=now, timers=timers)


def started(timers: Timers, state: ChannelState, now: datetime) -> Timers:
    """The timers as they run from now on."""

    def due(seconds: int | None, *, runs: bool) -> datetime | None:
        return now + timedelta(seconds=seconds) if runs and seconds is not None else None

    return replace(
        timers,
        date_inactive=due(timers.inactive_after, runs=state is ChannelState.ACTIVE),
        date_closed=due(timers.closed_after, runs=state in _RUNNING),
    )


def due_state(channel: Channel, now: datetime) -> ChannelState | None:
    """The state that the timers lead to by now, or None."""
    timers = channel.timers
    if timers.date_closed is not None and timers.date_closed <= now and channel.state in _RUNNING:
        return ChannelState.CLOSED
    if timers.date_inactive is not None and timers.date_inactive <= now and channel.state is ChannelState.ACTIVE:
        return ChannelState.INACTIVE
    return None
