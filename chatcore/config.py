"""Every setting of every process, read once from the environment.

`load` reports all mistakes together. A room never sees `Settings`: it is handed one of the pieces that the properties
cut out of it. `docs/operations.md` lists every name; a test compares the two.
"""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, FilePath, SecretStr, ValidationError

from chatcore import env
from chatcore.domain.ids import is_sid
from chatcore.pieces import Bootstrap, Events, HandedDown, Listen, Media, Network, Postgres, Push, Rates, Sockets

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

EXIT_CONFIG: Final = 78
"""sysexits.h EX_CONFIG: supervisors should not restart a process that ends with it."""

_RESERVED_FILES = 256
"""Descriptors a gateway needs beside its sockets: pool, broker, logs, modules."""

_POSTGRES_SCHEMES = ("postgresql", "postgres")
_REDIS_SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster", "unix")
_MEDIA_SCHEMES = ("file", "s3", "gs", "az")


class ConfigError(Exception):
    """The environment does not describe a usable configuration; `mistakes` holds one line for each reason."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def _sid(prefix: str) -> AfterValidator:
    def check(text: str) -> str:
        if not is_sid(prefix, text):
            raise ValueError(f"must be {prefix} and 32 hex digits")
        return text

    return AfterValidator(check)


def _postgres(url: SecretStr) -> SecretStr:
    env.url_with_scheme(url.get_secret_value(), _POSTGRES_SCHEMES)
    return url


def _redis(url: SecretStr) -> SecretStr:
    env.url_with_scheme(url.get_secret_value(), _REDIS_SCHEMES)
    return url


def _media(url: str) -> str:
    return env.url_with_scheme(url, _MEDIA_SCHEMES)


def _in_folder(path: Path) -> Path:
    if not path.absolute().parent.is_dir():
        raise ValueError("there is no such folder")
    return path


def _lower(text: str) -> str:
    return text.lower()


Seconds = Annotated[float, BeforeValidator(env.duration)]
Bytes = Annotated[int, BeforeValidator(env.size)]
Switch = Annotated[bool, BeforeValidator(env.switch)]
Words = Annotated[tuple[str, ...], BeforeValidator(env.words)]
Origin = Annotated[str, AfterValidator(env.origin)]
HttpUrl = Annotated[str, AfterValidator(env.http_url)]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(ge=0)]


class Settings(BaseModel):
    """One field per setting, named like it without `CHAT_`; `None` where the default depends on something else."""

    model_config = ConfigDict(frozen=True)

    host: str = "127.0.0.1"
    port: Port = 8080
    gateways: Count = 1
    public_url: HttpUrl | None = None
    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(env.networks)] = ()
    postgres_dsn: Annotated[SecretStr, AfterValidator(_postgres)] | None = None
    postgres_pool: Count = 10
    redis_url: Annotated[SecretStr, AfterValidator(_redis)] | None = None
    data_dir: Path = Path(".chat")
    media_url: Annotated[str, AfterValidator(_media)] | None = None
    bootstrap_account_sid: Annotated[str, _sid("AC")] | None = None
    bootstrap_auth_token: SecretStr | None = None
    bootstrap_api_key_sid: Annotated[str, _sid("SK")] | None = None
    bootstrap_api_key_secret: SecretStr | None = None
    bootstrap_service_sid: Annotated[str, _sid("IS")] | None = None
    allowed_origins: Words | None = None
    sdk_origins: Words | None = None
    media_link_prefix: str | None = None
    tls_cert: FilePath | None = None
    tls_key: FilePath | None = None
    dev: Switch = False
    ping_interval: Annotated[Seconds, Field(gt=0)] = 25.0
    pong_timeout: Annotated[Seconds, Field(gt=0)] = 10.0
    outbound_limit: Annotated[Bytes, Field(ge=64 * 1024)] = 1024 * 1024
    compression: Switch = False
    max_connections: Count | None = None
    connect_rate: Annotated[float, Field(gt=0)] = 2000.0
    rate_channel: Rate | None = None
    rate_service: Rate | None = None
    rate_connection: Annotated[tuple[float, int], BeforeValidator(env.rate)] = (100.0, 500)
    rate_account: Annotated[int, Field(ge=0)] = 0
    limit_ceiling: Count = 1000
    drain_time: Annotated[Seconds, Field(ge=0)] = 20.0
    event_retention: Annotated[Seconds, Field(gt=0)] = 7 * 86400.0
    event_limit: Count = 10_000
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] | None = None
    metrics_port: Port = 0
    secret_key: Annotated[tuple[SecretStr, ...], BeforeValidator(env.words)] = ()
    webhook_allow_private: Switch | None = None
    apns_url: Origin | None = None
    apns_ca_file: FilePath | None = None
    apns_connections: Count = 4
    fcm_url: Origin | None = None
    fcm_token_url: HttpUrl | None = None
    fcm_ca_file: FilePath | None = None
    fcm_connections: Count = 2
    push_online: Annotated[Literal["skip", "send"], BeforeValidator(_lower)] = "skip"
    push_recheck: Annotated[Seconds, Field(ge=0)] = 45.0
    push_ttl: Annotated[Seconds, Field(gt=0)] = 86400.0
    push_timeout: Annotated[Seconds, Field(gt=0)] = 20.0
    push_concurrency: Count = 500
    push_poll: Annotated[Seconds, Field(gt=0)] = 0.5
    push_record: Annotated[Path, AfterValidator(_in_folder)] | None = None

    # What a supervisor hands to the processes it starts; nobody else sets these.
    ready_fd: Annotated[int, Field(ge=3)] | None = None
    node: str | None = None
    siblings: Path | None = None
    workers: Count = 1

    @property
    def listen(self) -> Listen:
        return Listen(
            host=self.host,
            port=self.port,
            public_url=self.public_url,
            trusted_proxies=self.trusted_proxies,
            tls_cert=self.tls_cert,
            tls_key=self.tls_key,
            metrics_port=self.metrics_port,
            drain_time=self.drain_time,
            allowed_origins=self.allowed_origins,
            sdk_origins=self.sdk_origins,
            dev=self.dev,
        )

    @property
    def sockets(self) -> Sockets:
        return Sockets(
            ping_interval=self.ping_interval,
            pong_timeout=self.pong_timeout,
            outbound_limit=self.outbound_limit,
            max_connections=self.max_connections or _connections_from_file_limit(),
            connect_rate=self.connect_rate,
            compression=self.compression,
        )

    @property
    def rates(self) -> Rates:
        default = 0.0 if self.dev else 30.0
        return Rates(
            channel=default if self.rate_channel is None else self.rate_channel,
            service=default if self.rate_service is None else self.rate_service,
            connection=self.rate_connection[0],
            connection_burst=self.rate_connection[1],
            account=self.rate_account,
            limit_ceiling=self.limit_ceiling,
        )

    @property
    def postgres(self) -> Postgres:
        return Postgres(dsn=_required(self.postgres_dsn, "postgres_dsn"), pool_size=self.postgres_pool)

    @property
    def redis(self) -> str:
        """The broker's URL."""
        return _required(self.redis_url, "redis_url")

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """The first one encrypts, any of them decrypts."""
        return tuple(key.get_secret_value() for key in self.secret_key)

    @property
    def media(self) -> Media:
        return Media(
            url=self.media_url or f"file://{self.data_dir.absolute()}/media", link_prefix=self.media_link_prefix
        )

    @property
    def events(self) -> Events:
        return Events(retention=self.event_retention, limit=self.event_limit)

    @property
    def webhooks_may_call_private(self) -> bool:
        return self.dev if self.webhook_allow_private is None else self.webhook_allow_private

    @property
    def bootstrap(self) -> Bootstrap:
        return Bootstrap(
            account_sid=self.bootstrap_account_sid,
            auth_token=_revealed(self.bootstrap_auth_token),
            api_key_sid=self.bootstrap_api_key_sid,
            api_key_secret=_revealed(self.bootstrap_api_key_secret),
            service_sid=self.bootstrap_service_sid,
        )

    @property
    def push(self) -> Push:
        return Push(
            online=self.push_online,
            recheck=self.push_recheck,
            ttl=self.push_ttl,
            timeout=self.push_timeout,
            concurrency=self.push_concurrency,
            poll=self.push_poll,
            record=self.push_record,
            apns_url=self.apns_url,
            apns_ca_file=self.apns_ca_file,
            apns_connections=self.apns_connections,
            fcm_url=self.fcm_url,
            fcm_token_url=self.fcm_token_url,
            fcm_ca_file=self.fcm_ca_file,
            fcm_connections=self.fcm_connections,
        )

    @property
    def handed_down(self) -> HandedDown:
        return HandedDown(
            ready_fd=self.ready_fd,
            node=self.node or f"{socket.gethostname()}-{os.getpid()}",
            siblings=self.siblings,
            workers=self.workers,
        )

    def effective(self) -> list[tuple[str, str]]:
        """Name and value of every setting, defaults worked out, secrets masked, for people."""
        rates = self.rates
        derived: dict[str, object] = {
            "CHAT_MEDIA_URL": self.media.url,
            "CHAT_MAX_CONNECTIONS": self.sockets.max_connections,
            "CHAT_RATE_CHANNEL": rates.channel,
            "CHAT_RATE_SERVICE": rates.service,
            "CHAT_RATE_CONNECTION": f"{rates.connection:g}/{rates.connection_burst}",
            "CHAT_WEBHOOK_ALLOW_PRIVATE": self.webhooks_may_call_private,
        }
        listed = [name for name in NAMES if name not in HANDED_DOWN]
        return [(name, _shown(derived.get(name, getattr(self, _field(name))))) for name in listed]


HANDED_DOWN: Final = frozenset({"CHAT_READY_FD", "CHAT_NODE", "CHAT_SIBLINGS", "CHAT_WORKERS"})
NAMES: Final = tuple(env.PREFIX + field.upper() for field in Settings.model_fields)
"""Every name that may be set, in the order of the catalogue."""


_SECRET: Final = frozenset(
    {
        "CHAT_POSTGRES_DSN",
        "CHAT_REDIS_URL",
        "CHAT_SECRET_KEY",
        "CHAT_BOOTSTRAP_AUTH_TOKEN",
        "CHAT_BOOTSTRAP_API_KEY_SECRET",
    }
)


def load(
    environ: Mapping[str, str], *, dev: bool = False, need: Iterable[str] = ()
) -> tuple[Settings, tuple[str, ...]]:
    """The settings, and explanations of what was ignored (Kubernetes injections), fit for the log.

    `dev` is the default of `CHAT_DEV`; `need` names settings that the calling process cannot do without.
    Raises ConfigError with all mistakes at once.
    """
    ours, notes = env.split_foreign(environ)
    mistakes = [env.unknown_name(name, NAMES) for name in sorted(ours) if name not in NAMES]
    values = {_field(name): value for name, value in ours.items() if name in NAMES}
    mistakes += [
        f"{name}: this process needs it; only `chatcore up` starts its own servers and keys"
        for name in need
        if _field(name) not in values
    ]
    values = {"dev": "1" if dev else "0"} | values
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)
        mistakes += [_described(details, ours) for details in wrong]
        # The rest still deserves its cross-checks: people fix everything in one go.
        fields = {str(details["loc"][0]) for details in wrong}
        settings = Settings.model_validate({field: value for field, value in values.items() if field not in fields})
    mistakes += _contradictions(settings)
    if mistakes:
        raise ConfigError(mistakes)
    return settings, notes


def _contradictions(settings: Settings) -> list[str]:
    found = []
    if (settings.tls_cert is None) != (settings.tls_key is None):
        found.append("CHAT_TLS_CERT, CHAT_TLS_KEY: both or neither")
    if settings.dev and not _is_loopback(settings.host):
        found.append(
            f"CHAT_HOST: {settings.host} is reachable from other machines, which CHAT_DEV does not allow "
            "(it hands out tokens to anybody); set CHAT_DEV=0, or CHAT_HOST=127.0.0.1"
        )
    if settings.port + settings.gateways - 1 > 65535:
        found.append("CHAT_PORT, CHAT_GATEWAYS: the last gateway's port is beyond 65535")
    if settings.pong_timeout >= settings.ping_interval:
        found.append("CHAT_PONG_TIMEOUT, CHAT_PING_INTERVAL: the time-out must be shorter than the interval")
    return found


def _described(details: ErrorDetails, given: Mapping[str, str]) -> str:
    name = env.PREFIX + str(details["loc"][0]).upper()
    reason = details["msg"].removeprefix("Value error, ")
    return f"{name}: {reason}" + ("" if name in _SECRET else f" (found {given.get(name, '')!r})")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _connections_from_file_limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(64, min(soft, 1_000_000) - _RESERVED_FILES)


def _field(name: str) -> str:
    return name.removeprefix(env.PREFIX).lower()


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _required(secret: SecretStr | None, field: str) -> str:
    if secret is None:
        raise ConfigError([f"{env.PREFIX}{field.upper()}: not set"])
    return secret.get_secret_value()


def _shown(value: object) -> str:
    if value is None:
        return "(default)"
    if isinstance(value, SecretStr):
        url = env.masked_url(value.get_secret_value())
        return url if "://" in url else "***"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, tuple):
        return ",".join(_shown(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
