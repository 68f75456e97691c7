"""Channel names of the protocol and the topics behind them."""

from __future__ import annotations

from chatcore.domain.events import Topic, channel_topic
from chatcore.domain.ids import ChannelSid, is_sid

ME = "me"
LIVE = "live"
PREFIX = "chat:"
NAME_BYTES = 255


def room_name(sid: str) -> str:
    return f"{PREFIX}{sid}"


def room_sid(name: str) -> ChannelSid | None:
    """The chat channel a name means, or None if it has another form."""
    sid = name.removeprefix(PREFIX)
    return ChannelSid(sid) if sid is not name and is_sid("CH", sid) else None


def room_topic(name: str) -> Topic:
    """The topic of a room whose name was checked."""
    return channel_topic(ChannelSid(name.removeprefix(PREFIX)))
