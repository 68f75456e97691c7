"""Who takes part in a conversation: members, who have an identity, and guests, who have an address."""

from __future__ import annotations

from dataclasses import dataclass

from .guests import Guest
from .model import Channel, Member

Participant = Member | Guest


@dataclass(frozen=True, slots=True, kw_only=True)
class Participation:
    """One participant and its conversation."""

    channel: Channel
    participant: Participant
