"""Who is connected to this node, announced to all nodes.

Presence lives outside and expires; this node renews its entries in bulk. While it is away, limits are counted among
this node's own connections, and everything is announced again when it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chatcore.domain import serial
from chatcore.domain.errors import ChatError
from chatcore.domain.events import Signal, SignalType, profile_topic
from chatcore.domain.ids import Identity, ServiceSid, UserSid
from chatcore.ports.broker import Publisher
from chatcore.ports.clock import Clock
from chatcore.ports.presence import Presence, Session

logger = logging.getLogger(__name__)
RENEWAL = 20.0  # seconds; entries live for 60
RETRY = 2.0  # seconds until presence is tried again
LIFE = 60.0  # seconds after which an entry that nobody renews is gone by itself
CHUNK = 500
MERGE = 1.0  # seconds of changes that are told together

Changed = Callable[[ServiceSid, Mapping[Identity, bool]], Awaitable[None]]
"""Hears who came online and who went in one service. Raises ChatError(UNAVAILABLE)."""


@dataclass(frozen=True, slots=True)
class _Leaving:
    session: Session
    user_sid: UserSid
    reachability: bool
    goodbye: bool
    at: float  # monotonic


class Attendance:
    """The node's sessions."""

    def __init__(
        self, presence: Presence, publisher: Publisher, clock: Clock, *, changed: Changed | None = None
    ) -> None:
        self._presence = presence
        self._publisher = publisher
        self._clock = clock
        self._on_change = changed
        self._changes: dict[ServiceSid, dict[Identity, bool]] = {}
        self._has_changes = asyncio.Event()
        self._sessions: dict[str, Session] = {}
        self._leaving: deque[_Leaving] = deque()
        self._going: Counter[tuple[ServiceSid, Identity]] = Counter()  # how many of them each has
        self._wake = asyncio.Event()
        self._announce = False

    async def enter(self, session: Session, user_sid: UserSid, *, limit: int, reachability: bool) -> bool:
        """False, and nothing announced, when the identity has `limit` live connections already."""
        limit += self._going[session.service_sid, session.identity]  # entries that are dead and still counted
        try:
            count = await self._presence.enter(session, limit=limit)
        except ConnectionError:
            count = 1 + sum(
                s.identity == session.identity and s.service_sid == session.service_sid for s in self._sessions.values()
            )
        except asyncio.CancelledError:
            self._withdraw_soon(session, user_sid, reachability=False, goodbye=False)
            raise
        if count > limit:
            return False
        self._sessions[session.connection] = session
        if reachability and count == 1:
            self._tell(user_sid, session, online=True)
        return True

    def leave(self, session: Session, user_sid: UserSid, *, reachability: bool, goodbye: bool = False) -> None:
        """Withdrawn by the task, soon. `goodbye`: the client closed the connection, which was not lost."""
        if self._sessions.pop(session.connection, None) is not None:
            self._withdraw_soon(session, user_sid, reachability=reachability, goodbye=goodbye)

    async def online(self, service_sid: ServiceSid, identities: list[Identity]) -> dict[Identity, bool | None]:
        """None for everybody while presence is away."""
        try:
            found = await self._presence.online(service_sid, identities)
        except ConnectionError:
            return dict.fromkeys(identities, None)
        return {identity: found.get(identity, False) for identity in identities}

    def announce(self) -> None:
        """Announces all sessions again, soon: the memory of presence may be gone."""
        self._announce = True
        self._wake.set()

    async def run(self) -> None:
        """Withdraws and renews until cancelled."""
        loop = asyncio.get_running_loop()
        renew_at = loop.time() + RENEWAL
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(renew_at):
                    await self._wake.wait()
            self._wake.clear()
            if loop.time() >= renew_at:
                renew_at = loop.time() + RENEWAL
                self._announce = True
            try:
                await self._withdraw()
                if self._announce:
                    sessions = list(self._sessions.values())
                    for start in range(0, len(sessions), CHUNK):
                        await self._presence.announce(sessions[start : start + CHUNK])
                    self._announce = False
            except ConnectionError:
                logger.warning("Presence is away, entries will expire", extra={"action": "presence_unavailable"})
                renew_at = min(renew_at, loop.time() + RETRY)

    async def tell(self) -> None:
        """Reports changes of reachability until cancelled; those that nobody can take are lost."""
        while self._on_change is not None:
            await self._has_changes.wait()
            await asyncio.sleep(MERGE)
            self._has_changes.clear()
            changes, self._changes = self._changes, {}
            for service_sid, online in changes.items():
                try:
                    await self._on_change(service_sid, online)
                except ChatError as error:
                    extra = {"action": "reachability_not_told"}
                    logger.warning("Reachability is not told: %s", error.message, extra=extra)
                except Exception:
                    logger.exception("Reachability could not be told", extra={"action": "reachability_failed"})

    async def withdraw_all(self) -> None:
        """For shutdown, when `run` has ended: nobody waits for the expiry."""
        sessions = [*(gone.session for gone in self._leaving), *self._sessions.values()]
        for start in range(0, len(sessions), CHUNK):
            leaves = map(self._presence.leave, sessions[start : start + CHUNK])
            if any(isinstance(done, ConnectionError) for done in await asyncio.gather(*leaves, return_exceptions=True)):
                break
        self._leaving.clear()
        self._going.clear()
        self._sessions.clear()

    def _withdraw_soon(self, session: Session, user_sid: UserSid, *, reachability: bool, goodbye: bool) -> None:
        self._leaving.append(_Leaving(session, user_sid, reachability, goodbye, self._clock.monotonic()))
        self._going[session.service_sid, session.identity] += 1
        self._wake.set()

    async def _withdraw(self) -> None:
        """Those that it cannot withdraw stay: entries left behind count against the limit of their identity. Raises
        ConnectionError then."""
        while self._leaving:
            several = [self._leaving.popleft() for _ in range(min(CHUNK, len(self._leaving)))]
            try:
                remaining = await asyncio.gather(*map(self._leave, several), return_exceptions=True)
            except asyncio.CancelledError:
                self._leaving.extendleft(reversed(several))
                raise
            failed: list[_Leaving] = []
            errors: list[BaseException] = []
            for gone, left in zip(several, remaining, strict=True):
                if isinstance(left, BaseException):
                    failed.append(gone)
                    errors.append(left)
                    continue
                whose = gone.session.service_sid, gone.session.identity
                self._going[whose] -= 1
                if not self._going[whose]:
                    del self._going[whose]
                if gone.reachability and not left:
                    self._tell(gone.user_sid, gone.session, online=False)
            if errors:
                self._leaving.extendleft(reversed(failed))
                raise errors[0]

    async def _leave(self, gone: _Leaving) -> int:
        """How many connections its user has left."""
        if self._clock.monotonic() - gone.at >= LIFE:
            return 1  # nobody knows
        return await self._presence.leave(gone.session, goodbye=gone.goodbye)

    def _tell(self, user_sid: UserSid, session: Session, *, online: bool) -> None:
        identity, kind = session.identity, SignalType.USER_REACHABILITY
        if self._on_change is not None:
            self._changes.setdefault(session.service_sid, {})[identity] = online
            self._has_changes.set()
            return
        payload = serial.event(
            kind,
            at=self._clock.now(),
            by=None,
            identity=serial.string(identity),
            is_online="true" if online else "false",
            is_notifiable="null",
        )
        self._publisher.publish([Signal(topic=profile_topic(user_sid), type=kind, payload=payload, subject=user_sid)])
