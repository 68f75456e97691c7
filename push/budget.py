"""Who may send next, where more pushes wait than may be in flight.

Theory of operation. Each provider has so many places. While all is quiet everybody takes one. Where some wait, the
places that become free go round the services that wait: one that has half of them already gets no more while others
wait, and repetitions of old pushes, once they have a quarter, none while new ones wait. A place may stay empty for that
a moment; those in flight come to their end within the time-out of a request.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from typing import Final

from chatcore.domain.ids import ServiceSid

PLACES: Final = 500
PATIENCE: Final = 20.0
"""Seconds until a push that gets no place is put off."""


class Budget:
    """`places` of each provider, in this process."""

    def __init__(self, places: int = PLACES, *, patience: float = PATIENCE) -> None:
        self._places, self._patience = places, patience
        self._of_provider: dict[str, Places] = {}

    def of(self, provider: str) -> Places:
        found = self._of_provider.get(provider)
        if found is None:
            found = self._of_provider[provider] = Places(self._places, patience=self._patience)
        return found


class _Lane:
    """Pushes of one service that wait: new ones, or repetitions."""

    __slots__ = ("fresh", "pushes", "service")

    def __init__(self, service: ServiceSid, fresh: bool) -> None:
        self.service, self.fresh = service, fresh
        self.pushes: OrderedDict[asyncio.Future[bool], None] = OrderedDict()  # in turn, removed at any place


class Places:
    """Of one provider. A place that was taken has to be given back, with the same words."""

    def __init__(self, places: int, *, patience: float) -> None:
        self._free = places
        self._half, self._quarter = max(1, places // 2), max(1, places // 4)
        self._patience = patience
        self._flying: Counter[ServiceSid] = Counter()
        self._repeated = 0  # of those
        self._lanes: OrderedDict[tuple[ServiceSid, bool], _Lane] = OrderedDict()  # none is empty; the first is next
        self._services: Counter[ServiceSid] = Counter()  # lanes by service
        self._fresh = 0  # lanes of new pushes

    def flying(self, service: ServiceSid) -> int:
        return self._flying[service]

    async def take(self, service: ServiceSid, *, fresh: bool) -> bool:
        """False: none became free in time."""
        if self._free > 0 and self._may(service, fresh):
            self._give(service, fresh)
            return True
        loop = asyncio.get_running_loop()
        place: asyncio.Future[bool] = loop.create_future()
        lane = self._join(service, fresh)
        lane.pushes[place] = None
        timer = loop.call_later(self._patience, self._too_late, lane, place)
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.result():
                self.give_back(service, fresh=fresh)  # it was given one in this moment
            else:
                self._leave(lane, place)
            raise
        finally:
            timer.cancel()

    def give_back(self, service: ServiceSid, *, fresh: bool) -> None:
        self._free += 1
        self._flying[service] -= 1
        if not self._flying[service]:
            del self._flying[service]
        self._repeated -= not fresh
        self._hand_out()

    def _may(self, service: ServiceSid, fresh: bool) -> bool:
        others_wait = len(self._services) > (service in self._services)
        if others_wait and self._flying[service] >= self._half:
            return False
        return fresh or not self._fresh or self._repeated < self._quarter

    def _give(self, service: ServiceSid, fresh: bool) -> None:
        self._free -= 1
        self._flying[service] += 1
        self._repeated += not fresh

    def _hand_out(self) -> None:
        """To one lane after the other, as long as there is somebody who may have a place."""
        while self._free > 0:
            lane = next((lane for lane in self._lanes.values() if self._may(lane.service, lane.fresh)), None)
            if lane is None:
                return
            self._lanes.move_to_end((lane.service, lane.fresh))
            place = next(iter(lane.pushes))
            self._remove(lane, place)
            if not place.done():  # its task may have been cancelled in this moment
                self._give(lane.service, lane.fresh)
                place.set_result(True)

    def _too_late(self, lane: _Lane, place: asyncio.Future[bool]) -> None:
        if not place.done():
            place.set_result(False)
            self._leave(lane, place)

    def _leave(self, lane: _Lane, place: asyncio.Future[bool]) -> None:
        if place in lane.pushes:
            self._remove(lane, place)
            self._hand_out()  # who was held back for its sake need not be any more

    def _join(self, service: ServiceSid, fresh: bool) -> _Lane:
        key = service, fresh
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(service, fresh)
            self._services[service] += 1
            self._fresh += fresh
        return lane

    def _remove(self, lane: _Lane, place: asyncio.Future[bool]) -> None:
        del lane.pushes[place]
        if lane.pushes:
            return
        del self._lanes[(lane.service, lane.fresh)]
        self._fresh -= lane.fresh
        self._services[lane.service] -= 1
        if not self._services[lane.service]:
            del self._services[lane.service]
