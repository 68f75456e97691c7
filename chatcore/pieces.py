"""The small pieces of the configuration that rooms are handed: plain values, no environment behind them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    host: str
    port: int
    """0 picks a free one."""
    public_url: str | None
    trusted_proxies: tuple[Network, ...]
    tls_cert: Path | None
    tls_key: Path | None
    metrics_port: int
    drain_time: float
    allowed_origins: tuple[str, ...] | None
    """None: the request's own host, and any port of localhost with `dev`."""
    sdk_origins: tuple[str, ...] | None
    """None: any."""
    dev: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sockets:
    ping_interval: float
    pong_timeout: float
    outbound_limit: int
    max_connections: int
    connect_rate: float
    compression: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """0 switches a limit off."""

    channel: float
    service: float
    connection: float
    connection_burst: int
    account: int
    limit_ceiling: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    dsn: str
    pool_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    url: str
    link_prefix: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    retention: float
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bootstrap:
    """None: chosen at random on the first start."""

    account_sid: str | None
    auth_token: str | None
    api_key_sid: str | None
    api_key_secret: str | None
    service_sid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    online: Literal["skip", "send"]
    recheck: float
    ttl: float
    timeout: float
    concurrency: int
    poll: float
    record: Path | None
    """Where pushes are written in place of being sent."""
    apns_url: str | None
    apns_ca_file: Path | None
    apns_connections: int
    fcm_url: str | None
    fcm_token_url: str | None
    fcm_ca_file: Path | None
    fcm_connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedDown:
    """What a supervisor tells the process that it starts."""

    ready_fd: int | None
    """Where to write one JSON line once everything is up; None without a supervisor."""
    node: str
    """Name of this node in metrics and logs."""
    siblings: Path | None
    """Folder of the sockets on which the workers of one port answer each other; None for a lone process."""
    workers: int
