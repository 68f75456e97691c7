"""What a process tells its operators: log lines on standard error, and the catalogue of metrics.

Metrics live in one `Metrics` object that `main.py` creates and passes on; names and labels are stable. Hot paths bind a
labelled child once (`metrics.deliveries.labels("centrifuge")`) instead of looking it up for every event.
"""

from __future__ import annotations

import logging
import re
import sys
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import accumulate
from typing import Final, Literal, TextIO

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from pythonjsonlogger.json import JsonFormatter

METRICS_CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)

_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]*")
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName", "color_message"}


class Metric(StrEnum):
    """Every metric's name; `docs/operations.md` says what each one means."""

    CONNECTIONS = "chat_connections"
    CONNECTS = "chat_connects_total"
    DISCONNECTS = "chat_disconnects_total"
    COMMANDS = "chat_commands_total"
    COMMAND_SECONDS = "chat_command_seconds"
    EVENTS_PUBLISHED = "chat_events_published_total"
    DELIVERIES = "chat_deliveries_total"
    DELIVERY_SECONDS = "chat_delivery_seconds"
    GAP_REPAIRS = "chat_gap_repairs_total"
    BROKER_SERVERS = "chat_broker_servers"
    SLOW_DISCONNECTS = "chat_slow_disconnects_total"
    OUTBOUND_BYTES = "chat_outbound_bytes"
    WRITE_BATCH_SIZE = "chat_write_batch_size"
    OUTBOX_DEPTH = "chat_outbox_depth"
    OUTBOX_OLDEST = "chat_outbox_oldest_seconds"
    OUTBOX_DEAD = "chat_outbox_dead_total"
    WEBHOOK = "chat_webhook_total"
    RATE_LIMITED = "chat_rate_limited_total"
    PUSH = "chat_push_total"
    PUSH_SECONDS = "chat_push_seconds"
    PUSH_LAG = "chat_push_lag_seconds"
    PUSH_INFLIGHT = "chat_push_inflight"
    PUSH_CONNECTIONS = "chat_push_connections"
    PUSH_GOAWAY = "chat_push_goaway_total"
    PUSH_REPEATED = "chat_push_repeated_total"
    PUSH_CREDENTIAL_PAUSED = "chat_push_credential_paused"
    PUSH_BINDINGS_INVALIDATED = "chat_push_bindings_invalidated_total"


Buckets = tuple[Sequence[float], Sequence[int], float]
"""Upper bounds, counts per bucket and above the last bound, and the sum of all values."""


class Tally:
    """How many values fell into each bucket, and their sum."""

    __slots__ = ("_bounds", "_counts", "_total")

    def __init__(self, bounds: Sequence[float] = _FAST) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def read(self) -> Buckets:
        return self._bounds, self._counts, self._total


class Counted(Collector):
    """A histogram that is counted elsewhere, on a path too hot for a metric object, and read when somebody looks."""

    _type = "histogram"

    def __init__(self, name: Metric, text: str, *labels: str) -> None:
        self._name = name
        self._text = text
        self._labelnames = labels
        self.read: Callable[[], Iterable[tuple[Sequence[str], Buckets]]] = lambda: ()
        """The values of the labels, with what was counted under them."""

    def describe(self) -> Iterable[HistogramMetricFamily]:
        return [HistogramMetricFamily(self._name, self._text, labels=self._labelnames)]

    def collect(self) -> Iterable[HistogramMetricFamily]:
        family = HistogramMetricFamily(self._name, self._text, labels=self._labelnames)
        for labels, (bounds, counts, total) in self.read():
            names = [*(str(float(bound)) for bound in bounds), "+Inf"]
            family.add_metric(labels, list(zip(names, accumulate(counts), strict=True)), sum_value=total)
        return [family]


class Metrics:
    """The metric objects of one process, in a registry of their own."""

    def __init__(self) -> None:
        # The `_created` companions double the number of series and no dashboard reads them.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's signature lacks its return type
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.connections = self._gauge(Metric.CONNECTIONS, "Open connections.", "protocol")
        self.connects = self._counter(Metric.CONNECTS, "Connection attempts.", "protocol", "outcome")
        self.disconnects = self._counter(Metric.DISCONNECTS, "Ended connections.", "protocol", "code")
        self.commands = self._counter(Metric.COMMANDS, "Commands executed.", "command", "outcome")
        self.command_seconds = self._counted(Metric.COMMAND_SECONDS, "Time per command.", "command")
        self.events_published = self._counter(Metric.EVENTS_PUBLISHED, "Events handed to the broker.")
        self.deliveries = self._counter(Metric.DELIVERIES, "Frames queued for readers.", "protocol")
        self.delivery_seconds = self._counted(Metric.DELIVERY_SECONDS, "From commit to socket write.")
        self.gap_repairs = self._counter(Metric.GAP_REPAIRS, "Gaps closed from the event log.", "cause")
        self.broker_servers = self._gauge(Metric.BROKER_SERVERS, "Servers of the broker.", "state")
        self.slow_disconnects = self._counter(Metric.SLOW_DISCONNECTS, "Readers cut off for lagging.")
        self.outbound_bytes = self._gauge(Metric.OUTBOUND_BYTES, "Bytes queued for readers.")
        self.write_batch_size = self._counted(Metric.WRITE_BATCH_SIZE, "Frames joined into one write.")
        self.outbox_depth = self._gauge(Metric.OUTBOX_DEPTH, "Jobs waiting.", "kind")
        self.outbox_oldest = self._gauge(Metric.OUTBOX_OLDEST, "Age of the oldest waiting job.", "kind")
        self.outbox_dead = self._counter(Metric.OUTBOX_DEAD, "Jobs set aside as dead letters.", "kind")
        self.webhook = self._counter(Metric.WEBHOOK, "Webhook calls.", "outcome")
        self.rate_limited = self._counter(Metric.RATE_LIMITED, "Requests refused by a rate limit.", "limit")
        self.push = self._counter(Metric.PUSH, "Pushes that came to an end.", "provider", "outcome")
        self.push_seconds = self._histogram(Metric.PUSH_SECONDS, "Time per push request.", _FAST, "provider")
        self.push_lag = self._histogram(Metric.PUSH_LAG, "From event to first attempt.", _SLOW)
        self.push_inflight = self._gauge(Metric.PUSH_INFLIGHT, "Push requests in flight.", "provider")
        self.push_connections = self._gauge(Metric.PUSH_CONNECTIONS, "Connections to the provider.", "provider")
        self.push_goaway = self._counter(Metric.PUSH_GOAWAY, "GOAWAY frames received.")
        self.push_repeated = self._counter(Metric.PUSH_REPEATED, "Attempts after an unknown result.")
        self.push_credential_paused = self._gauge(
            Metric.PUSH_CREDENTIAL_PAUSED, "1 while a credential is paused.", "credential"
        )
        self.push_bindings_invalidated = self._counter(
            Metric.PUSH_BINDINGS_INVALIDATED, "Device bindings found dead.", "reason"
        )

    def render(self) -> bytes:
        """Prometheus text format."""
        return generate_latest(self.registry)

    def _counted(self, name: Metric, text: str, *labels: str) -> Counted:
        counted = Counted(name, text, *labels)
        self.registry.register(counted)
        return counted

    def _counter(self, name: Metric, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: Metric, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def _histogram(self, name: Metric, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, text, labels, buckets=buckets, registry=self.registry)


def set_up_logging(
    level: str, form: Literal["console", "json"] | None, *, node: str | None = None, stream: TextIO | None = None
) -> None:
    """Sends all log records to `stream` (standard error), as console lines on a terminal and as JSON elsewhere."""
    out = stream or sys.stderr
    if form is None:
        form = "console" if out.isatty() else "json"
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Console() if form == "console" else _Json(node))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Their info lines carry URLs, which may carry identities and tokens.
    for noisy in ("httpx", "httpcore", "uvicorn.access", "websockets"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.captureWarnings(True)


def without_tokens(text: str) -> str:
    """The text with everything that looks like a JWT blotted out: the last net under the rule never to log one."""
    return _JWT.sub("[token]", text) if "eyJ" in text else text


def _extras(record: logging.LogRecord) -> Mapping[str, object]:
    return {key: value for key, value in record.__dict__.items() if key not in _STANDARD}


class _Console(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        extras = " ".join(f"{key}={value}" for key, value in _extras(record).items())
        return super().formatMessage(record) + (f"  [{extras}]" if extras else "")

    def format(self, record: logging.LogRecord) -> str:
        return without_tokens(super().format(record))


class _Json(JsonFormatter):
    def __init__(self, node: str | None) -> None:
        super().__init__(
            "%(levelname)s %(name)s %(message)s",
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"node": node} if node else {},
            timestamp="time",
        )

    def format(self, record: logging.LogRecord) -> str:
        return without_tokens(super().format(record))
