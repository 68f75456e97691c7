"""Typing: forwarded, never stored."""

from __future__ import annotations

from chatcore.domain import serial
from chatcore.domain.events import Signal, SignalType, channel_topic
from chatcore.domain.model import Actor

from .access import enter_as_member, own_member
from .services import Services
from .unit import Unit

RENEWAL = 2.0  # seconds between two forwarded signals of one user in one channel
REMEMBERED = 10_000


class TypingIndicator:
    """One command, counted per node."""

    def __init__(self, unit: Unit, services: Services) -> None:
        self._unit = unit
        self._services = services
        self._last: dict[tuple[str, str], float] = {}

    async def start(self, actor: Actor, key: str) -> None:
        """Others see it end after the service's timeout unless it is renewed."""
        access = await enter_as_member(self._unit.store.read, actor, key)
        member = own_member(access)
        now = self._unit.clock.monotonic()
        slot = (member.channel_sid, member.user_sid)
        if now - self._last.get(slot, -RENEWAL) < RENEWAL:
            return
        if len(self._last) > REMEMBERED:
            self._last = {k: t for k, t in self._last.items() if now - t < RENEWAL}
        self._last[slot] = now
        service = await self._services.settings(actor)
        payload = serial.event(
            SignalType.TYPING,
            at=self._unit.clock.now(),
            by=member.identity,
            channel_sid=member.channel_sid,
            identity=serial.string(member.identity),
            member_sid=f'"{member.sid}"',
            ttl_ms=str(service.typing_indicator_timeout * 1000),
        )
        topic = channel_topic(member.channel_sid)
        self._unit.publisher.publish(
            [Signal(topic=topic, type=SignalType.TYPING, payload=payload, subject=member.user_sid)]
        )
