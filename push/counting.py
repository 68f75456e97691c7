"""What operators are shown of pushes."""

from __future__ import annotations

from functools import cache

from chatcore.domain.devices import PushType
from chatcore.telemetry import Metrics

_PROVIDERS = {PushType.APN: "apn", PushType.FCM: "fcm", PushType.GCM: "fcm"}


def provider_of(kind: PushType) -> str:
    return _PROVIDERS[kind]


class Counting:
    """Satisfies `providers.port.Observer`, and counts what the handlers do."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        # Every push counts in each of these.
        self._ended = cache(metrics.push.labels)
        self._in_flight = cache(metrics.push_inflight.labels)
        self._took = cache(metrics.push_seconds.labels)

    def ended(self, kind: PushType | None, outcome: str, count: int = 1) -> None:
        """`kind` None: no provider had a part in it."""
        provider = provider_of(kind) if kind is not None else "none"
        self._ended(provider, outcome).inc(count)

    def lag(self, seconds: float) -> None:
        self._metrics.push_lag.observe(max(0.0, seconds))

    def repeated(self) -> None:
        self._metrics.push_repeated.inc()

    def invalidated(self, reason: str) -> None:
        self._metrics.push_bindings_invalidated.labels(reason).inc()

    def paused(self, credential_sid: str, paused: bool) -> None:
        self._metrics.push_credential_paused.labels(credential_sid).set(int(paused))

    def took(self, provider: str, seconds: float) -> None:
        self._took(provider).observe(seconds)

    def in_flight(self, provider: str, change: int) -> None:
        self._in_flight(provider).inc(change)

    def connections(self, provider: str, change: int) -> None:
        self._metrics.push_connections.labels(provider).inc(change)

    def goaway(self) -> None:
        self._metrics.push_goaway.inc()
