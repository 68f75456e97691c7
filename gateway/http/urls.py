"""Paths in and URLs out.

Generated URLs lead back the way the request came: a helper library sends its credentials to them unseen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import quote, unquote_to_bytes, urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_SCHEMES = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the caller believes this server is."""

    scheme: str
    authority: str  # host and port, as the caller wrote them
    path: str = ""  # of CHAT_PUBLIC_URL; without a trailing slash
    fixed: bool = False  # from CHAT_PUBLIC_URL, not from the request

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"

    @property
    def label(self) -> str:
        """The first label of the host, lower case."""
        return host_of(self.authority).partition(".")[0]


class Origins:
    """Reads origins from requests.

    `X-Forwarded-Proto` and `X-Forwarded-Host` count only when the peer of the socket is a trusted proxy; of a list the
    last entry counts, which is the one that proxy wrote itself.
    """

    def __init__(self, trusted_proxies: Sequence[str] = (), public_url: str | None = None) -> None:
        """CIDRs, and the fixed base of generated URLs if there is one. Raises ValueError."""
        self._trusted: list[IPv4Network | IPv6Network] = [ip_network(cidr, strict=False) for cidr in trusted_proxies]
        self._public = None if public_url is None else _parse(public_url)

    def of(self, scope: Scope) -> Origin:
        """The origin through which the request arrived."""
        headers = Headers(scope=scope)
        scheme, authority = str(scope.get("scheme", "http")), headers.get("host", "")
        if self._trusts(scope):
            forwarded = _last(headers.get("x-forwarded-proto")).lower()
            scheme = forwarded if forwarded in _SCHEMES else scheme
            authority = _last(headers.get("x-forwarded-host")) or authority
        if not _AUTHORITY.fullmatch(authority):
            authority = _server(scope)
        return Origin(scheme=scheme, authority=authority)

    def public(self, scope: Scope) -> Origin:
        """The origin of generated URLs."""
        return self._public or self.of(scope)

    def _trusts(self, scope: Scope) -> bool:
        client = scope.get("client")
        if not self._trusted or not client:
            return False
        try:
            address = ip_address(client[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)  # a dual-stack socket shows 10.0.0.1 as ::ffff:10.0.0.1
        return any((mapped or address) in network for network in self._trusted)


def host_of(authority: str) -> str:
    """The host without its port, lower case."""
    if authority.startswith("["):
        return authority[: authority.find("]") + 1].lower()
    return authority.partition(":")[0].lower()


def segments(scope: Scope) -> tuple[str, ...] | None:
    """The path, split and then percent-decoded exactly once; `+` stays a plus. One trailing slash is tolerated.

    None for a path that cannot name anything: broken UTF-8, or NUL.
    """
    raw = scope.get("raw_path")
    path = (raw if isinstance(raw, bytes) else quote(str(scope["path"])).encode()).partition(b"?")[0]
    parts = path.removeprefix(b"/").removesuffix(b"/").split(b"/")
    if parts == [b""]:
        return ()
    try:
        decoded = tuple(unquote_to_bytes(part).decode() for part in parts)
    except UnicodeDecodeError:
        return None
    return None if any("\x00" in part for part in decoded) else decoded


def encode(segment: str) -> str:
    """One path segment, percent-encoded."""
    return quote(segment, safe="")


def join(base: str, *parts: str) -> str:
    """A URL below `base`; every part is one segment and is encoded."""
    return "/".join((base, *map(encode, parts)))


def _parse(url: str) -> Origin:
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not _AUTHORITY.fullmatch(parts.netloc) or parts.query or parts.fragment:
        raise ValueError(f"not an absolute http(s) URL without credentials and query: {url}")
    return Origin(scheme=parts.scheme, authority=parts.netloc, path=parts.path.rstrip("/"), fixed=True)


def _last(value: str | None) -> str:
    return (value or "").rpartition(",")[2].strip()


def _server(scope: Scope) -> str:
    """For HTTP/1.0 without a Host, or a Host that is none."""
    host, port = scope.get("server") or ("localhost", None)
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"
