"""The way to all providers: who sends what, and what is held back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from chatcore.domain.devices import PushType
from chatcore.domain.ids import CredentialSid

from .breakers import Breaker
from .outcomes import Outcome, Rejected, Scope, TryLater
from .port import Delivery, Provider, Quota, SendingCredential
from .rates import DeviceRates, ProjectRate

logger = logging.getLogger(__name__)

Restore = Callable[[CredentialSid, datetime], Awaitable[None]]
"""Takes back what doubtful answers did to the devices of a credential since then."""
Paused = Callable[[CredentialSid, bool], None]


async def _restore_nothing(_sid: CredentialSid, _since: datetime) -> None: ...


class Sending:
    """Sends through the provider of each push's kind; never raises for what a provider or a network does. A push that
    is held back by a limit gets TryLater that does not count."""

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        quota: Quota | None = None,
        restore: Restore = _restore_nothing,
        paused: Paused = lambda _sid, _paused: None,
    ) -> None:
        self._providers = {kind: provider for provider in providers for kind in provider.kinds}
        self._quota, self._restore, self._paused = quota, restore, paused
        self._states: dict[CredentialSid, _State] = {}
        self._devices = DeviceRates()

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        provider = self._providers.get(delivery.kind)
        if provider is None or credential.kind not in provider.kinds:
            return Rejected(f"a credential for {credential.kind} cannot send to {delivery.kind}")
        loop = asyncio.get_running_loop()
        if (wait := self._devices.wait(delivery.kind, delivery.address, loop.time())) > 0:
            return TryLater(reason="device_rate", after=wait, scope=Scope.DEVICE, counts=False)
        state = self._state(credential)
        if state.rate is not None and (wait := await state.rate.wait()) > 0:
            return TryLater(reason="project_rate", after=wait, counts=False)
        breaker = state.breaker
        probe = breaker.admit(loop.time())
        if isinstance(probe, TryLater):
            return probe
        was_paused = breaker.paused
        try:
            given = await provider.send(delivery, credential)
        except BaseException:
            if probe:
                breaker.gave_up()
            raise
        outcome, since = breaker.judge(given, loop.time(), probe=probe)
        if breaker.paused != was_paused and state is self._states.get(credential.sid):
            self._tell(credential.sid, breaker.paused, outcome)
        if since is not None:
            await self._restore(credential.sid, datetime.now(UTC) - timedelta(seconds=loop.time() - since + 1))
        return outcome if outcome is given else replace(outcome, status=given.status)

    def suspected(self, sid: CredentialSid) -> bool:
        """Doubtful answers that this credential got are not to be acted on."""
        state = self._states.get(sid)
        return state is not None and state.breaker.suspected

    async def aclose(self) -> None:
        for provider in dict.fromkeys(self._providers.values()):
            await provider.aclose()

    def _state(self, credential: SendingCredential) -> _State:
        """One whose secrets have changed starts anew."""
        state = self._states.get(credential.sid)
        if state is None or state.credential != credential:
            if state is not None and state.breaker.paused:
                self._paused(credential.sid, False)
            rate = None if credential.kind is PushType.APN else ProjectRate(self._quota, f"push:fcm:{credential.sid}")
            state = self._states[credential.sid] = _State(credential, rate)
        return state

    def _tell(self, sid: CredentialSid, paused: bool, outcome: Outcome) -> None:
        self._paused(sid, paused)
        if paused:
            reason = getattr(outcome, "reason", "")
            logger.error("Credential %s is paused: %s", sid, reason, extra={"action": "credential_paused"})
        else:
            logger.info("Credential %s works again", sid, extra={"action": "credential_resumed"})


class _State:
    __slots__ = ("breaker", "credential", "rate")

    def __init__(self, credential: SendingCredential, rate: ProjectRate | None) -> None:
        self.credential, self.rate = credential, rate
        self.breaker = Breaker()
