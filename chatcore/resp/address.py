"""Where a Redis or Valkey server or cluster is, read from its URL."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from chatcore.config import ConfigError

_PORT: Final = 6379
_CLUSTER: Final = "+cluster"
_TLS_OPTIONS: Final = frozenset({"ssl_ca_certs", "ssl_cert_reqs"})
_OPTIONS: Final = _TLS_OPTIONS | {"db"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`path` is a Unix socket; where it is empty, host and port count."""

    path: str = ""
    host: str = "127.0.0.1"
    port: int = _PORT
    username: str = "default"
    password: str | None = field(default=None, repr=False)
    db: int = 0
    tls: bool = False
    ca_file: str | None = None
    verify: bool = True

    def __str__(self) -> str:
        """For logs, without the password."""
        return self.path or f"{self.host}:{self.port}"

    def ssl_context(self) -> ssl.SSLContext | None:
        """Reads the CA file, if there is one."""
        if not self.tls:
            return None
        context = ssl.create_default_context(cafile=self.ca_file)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def is_cluster(url: str) -> bool:
    return url.partition("://")[0].endswith(_CLUSTER)


def parse(url: str) -> Address:
    """Understands `redis://` and `rediss://[user:password@]host[:port][/db]` and `unix://[user:password@]/path[?db=]`,
    with the options `ssl_ca_certs` and `ssl_cert_reqs=none` for TLS.

    Raises ConfigError, which never repeats the URL: it may hold a password.
    """
    try:
        return _parsed(urlsplit(url), _OPTIONS)
    except ValueError as error:
        raise ConfigError([f"CHAT_REDIS_URL: {error}"]) from None


def parse_cluster(url: str) -> tuple[Address, ...]:
    """The servers named in `redis+cluster://` or `rediss+cluster://[user:password@]host[:port][,host[:port]…]`. One
    that answers is enough: it tells the others. All share credentials and options.

    Raises ConfigError as `parse` does.
    """
    try:
        scheme, _, rest = url.partition("://")
        if scheme not in ("redis+cluster", "rediss+cluster"):
            raise ValueError("must start with redis+cluster:// or rediss+cluster://")
        parts = urlsplit(f"{scheme.removesuffix(_CLUSTER)}://{rest}")
        if parts.path not in ("", "/"):
            raise ValueError("a cluster has no databases")
        user, at, hosts = parts.netloc.rpartition("@")
        named = (parts._replace(netloc=f"{user}{at}{host}") for host in hosts.split(",") if host)
        found = tuple(_parsed(each, _TLS_OPTIONS) for each in named)
        if not found:
            raise ValueError("names no server")
        return found
    except ValueError as error:
        raise ConfigError([f"CHAT_REDIS_URL: {error}"]) from None


def _parsed(parts: SplitResult, known: frozenset[str]) -> Address:
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must start with redis://, rediss:// or unix://")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if unknown := sorted(options.keys() - known):
        raise ValueError(f"unknown option {unknown[0]}")
    unix = parts.scheme == "unix"
    if unix and not parts.path:
        raise ValueError("names no socket")
    ca_file = options.get("ssl_ca_certs")
    if ca_file is not None and not Path(ca_file).is_file():
        raise ValueError(f"ssl_ca_certs: no file {ca_file}")
    return Address(
        path=unquote(parts.path) if unix else "",
        host=unquote(parts.hostname or "127.0.0.1"),
        port=parts.port or _PORT,
        username=unquote(parts.username or "default"),
        password=unquote(parts.password) if parts.password else None,
        db=_db(options.get("db") or ("" if unix else parts.path.removeprefix("/"))),
        tls=parts.scheme == "rediss",
        ca_file=ca_file,
        verify=options.get("ssl_cert_reqs", "required") != "none",
    )


def _db(text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit():
        raise ValueError("the database must be a number")
    return int(text)
