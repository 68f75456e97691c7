"""How settings are written in the environment: durations, sizes, lists, and names that are not ours.

Pure text work; which settings exist stands in `chatcore.config`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from urllib.parse import urlsplit

PREFIX = "CHAT_"

_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {"": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_NUMBER_UNIT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")

# Kubernetes injects NAME_SERVICE_HOST, NAME_SERVICE_PORT[_PORTNAME], NAME_PORT and NAME_PORT_<n>_<PROTO>[_…] for every
# service of the namespace. The last group holds plain numbers too, so the name alone has to tell.
_KUBERNETES_NAME = re.compile(
    r"CHAT_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_\w+)?)"
)
_KUBERNETES_VALUE = re.compile(r"(?:tcp|udp|sctp)://")

WORDS_ON = frozenset({"1", "true", "on", "yes"})
WORDS_OFF = frozenset({"0", "false", "off", "no"})


def duration(text: str) -> float:
    """Seconds from `25`, `25s`, `500ms`, `7d`; ValueError otherwise."""
    match = _NUMBER_UNIT.fullmatch(text.strip())
    if match is None or match[2] not in _SECONDS:
        raise ValueError("not a duration: write seconds, or a number with ms, s, m, h or d")
    return round(float(match[1]) * _SECONDS[match[2]], 6)


def size(text: str) -> int:
    """Bytes from `1048576`, `1MiB`, `1.5GiB`; ValueError otherwise."""
    match = _NUMBER_UNIT.fullmatch(text.strip())
    if match is None or match[2] not in _BYTES:
        raise ValueError("not a size: write bytes, or a number with KiB, MiB or GiB")
    return int(float(match[1]) * _BYTES[match[2]])


def switch(text: str) -> bool:
    word = text.strip().lower()
    if word in WORDS_ON:
        return True
    if word in WORDS_OFF:
        return False
    raise ValueError("not a switch: write 1 or 0 (true, false, on, off, yes, no)")


def words(text: str) -> tuple[str, ...]:
    """Parts of a comma-separated list, without blanks around them."""
    return tuple(part for raw in text.split(",") if (part := raw.strip()))


def networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """`10.0.0.0/8, ::1`; single addresses are networks of one. Host bits are a mistake: they hide typing errors."""
    return tuple(ip_network(word) for word in words(text))


def rate(text: str) -> tuple[float, int]:
    """`100` or `100/500`: per second, and burst (five seconds' worth when left out)."""
    per_second, slash, burst = text.partition("/")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", per_second) or (slash and not burst.isdigit()):
        raise ValueError("not a rate: write a number per second, or number/burst")
    number = float(per_second)
    return number, int(burst) if slash else int(number * 5)


def origin(text: str) -> str:
    """`https://host[:port]` and nothing after it; ValueError otherwise."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a URL: write http:// or https:// and a host")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("takes no path, query or fragment")
    return _without_credentials(text, parts.username).rstrip("/")


def http_url(text: str) -> str:
    """An http or https URL that may have a path; ValueError otherwise."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a URL: write http:// or https:// and a host")
    if parts.query or parts.fragment:
        raise ValueError("takes no query or fragment")
    return _without_credentials(text, parts.username).rstrip("/")


def _without_credentials(text: str, username: str | None) -> str:
    if username is not None:
        raise ValueError("takes no user name or password")
    return text.strip()


def url_with_scheme(text: str, schemes: Iterable[str]) -> str:
    """`text` if its scheme is one of `schemes`; the error never repeats the URL, which may hold a password."""
    allowed = tuple(schemes)
    scheme, colon, _ = text.partition("://")
    if not colon or scheme not in allowed:
        raise ValueError("scheme must be " + ", ".join(f"{name}://" for name in allowed))
    return text


def masked_url(url: str) -> str:
    """The URL with its password replaced, fit for a terminal."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


def split_foreign(environ: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """All non-empty `CHAT_*` values, and one explanation for those that Kubernetes injected (left out of the values).

    An empty value means "not set", as compose files write `NAME=${NAME:-}`.
    """
    ours: dict[str, str] = {}
    foreign: list[str] = []
    for name, value in environ.items():
        if not name.startswith(PREFIX) or not value.strip():
            continue
        injected_address = name.endswith("_PORT") and _KUBERNETES_VALUE.match(value)
        if injected_address or _KUBERNETES_NAME.fullmatch(name):
            foreign.append(name)
        else:
            ours[name] = value
    if not foreign:
        return ours, ()
    names = ", ".join(sorted(foreign))
    return ours, (
        f"ignored {names}: Kubernetes injects these for a Service whose name starts with `chat`. "
        "Set `enableServiceLinks: false` in the pod, or rename the Service, to be rid of them.",
    )


def unknown_name(name: str, known: Iterable[str]) -> str:
    """The mistake report for a `CHAT_*` name that no setting has."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f"{name}: unknown setting" + (f"; did you mean {near[0]}?" if near else "")
