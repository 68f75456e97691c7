"""The doors of a provider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from chatcore.auth.credentials import PushSecrets
from chatcore.domain.devices import PushType
from chatcore.domain.ids import CredentialSid
from chatcore.domain.values import value

from .outcomes import Outcome


@value
class Delivery:
    """One push for one device, rendered. `push_id` is 32 hex digits, the same in every attempt. `payload` is the whole
    payload for APNs, and the `data` (text values only) for FCM. `urgent` is false for badges."""

    push_id: str
    kind: PushType
    address: str
    payload: Mapping[str, Any]  # Any: JSON
    expires_at: datetime
    collapse_id: str | None = None  # APNs, at most 64 bytes
    urgent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingCredential:
    """What to send with. Values are compared: one whose secrets have changed is another credential, with connections
    of its own."""

    sid: CredentialSid
    kind: PushType
    sandbox: bool
    secrets: PushSecrets


class Provider(Protocol):
    """Sends one push. Never raises for what a provider or a network does; raises only for bugs and cancellation.
    Concurrent calls are expected; order is not kept. Returns within the time-out of a request plus five seconds."""

    @property
    def kinds(self) -> frozenset[PushType]: ...

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome: ...

    async def aclose(self) -> None: ...


class Observer(Protocol):
    """Hears what is worth counting."""

    def took(self, provider: str, seconds: float) -> None: ...

    def in_flight(self, provider: str, change: int) -> None: ...

    def connections(self, provider: str, change: int) -> None: ...

    def goaway(self) -> None: ...


class NoObserver:
    """Hears nothing."""

    def took(self, provider: str, seconds: float) -> None: ...

    def in_flight(self, provider: str, change: int) -> None: ...

    def connections(self, provider: str, change: int) -> None: ...

    def goaway(self) -> None: ...


class Quota(Protocol):
    """A rate that all workers share. Raises ConnectionError or TimeoutError while the broker is away."""

    async def take(self, key: str, wanted: int, per_second: int) -> int:
        """How many of them are granted now."""
        ...


class SharedText(Protocol):
    """A small value that all workers share for a while. Raises ConnectionError or TimeoutError while the broker is
    away."""

    async def get(self, key: str) -> tuple[str, float] | None:
        """And the seconds that are left of it."""
        ...

    async def put_if_absent(self, key: str, text: str, seconds: float) -> bool: ...

    async def replace(self, key: str, old: str, text: str, seconds: float) -> bool:
        """Only if it still is `old`."""
        ...
