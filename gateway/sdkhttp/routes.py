"""Routes on raw paths: split on `/` first, then decoded segment by segment.

Some SDK versions put identities into paths without encoding them, others encode them. So a route may end in a
parameter that takes the rest of the path, slashes included: it is tried percent-decoded first, then as it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from gateway.http.errors import method_not_allowed

from .errors import not_found

H = TypeVar("H")
H_co = TypeVar("H_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Route(Generic[H_co]):
    """`pattern` is a path such as `/Client/v1/Users/{identity...}`. A name in braces takes one whole segment, with
    `...` (last only) one or more; neither is ever empty."""

    method: str
    pattern: str
    handler: H_co


@dataclass(frozen=True, slots=True)
class Rest:
    """The rest of a path."""

    raw: str
    candidates: tuple[str, ...]
    """What it may mean, the likelier first, each once; never empty."""


@dataclass(frozen=True, slots=True)
class Match(Generic[H]):
    route: Route[H]
    params: Mapping[str, str]
    rest: Rest | None  # of the parameter with `...`


@dataclass(slots=True)
class _Node(Generic[H]):
    literals: dict[str, _Node[H]] = field(default_factory=dict)
    any: _Node[H] | None = None
    routes: dict[str, Route[H]] = field(default_factory=dict)  # by method; the path ends here
    open: dict[str, Route[H]] = field(default_factory=dict)  # by method; anything follows


class Router(Generic[H]):
    """Case-sensitive. A literal segment wins over a parameter, and that over the rest of a path."""

    def __init__(self, routes: Iterable[Route[H]]) -> None:
        """Raises ValueError for two routes with the same method and shape."""
        self._root: _Node[H] = _Node()
        self._methods: set[str] = set()
        for route in routes:
            self._methods.add(route.method)
            self._add(route)

    def match(self, method: str, path: str) -> Match[H]:
        """Raises HttpError: 404, or 405 where only the method is wrong. One trailing slash is tolerated."""
        raw = path.removeprefix("/").split("/")
        if len(raw) > 1 and not raw[-1]:
            raw.pop()
        decoded = [decode(part) for part in raw]
        found = _find(self._root, decoded, 0, method)
        if found is None:
            others = {other for other in self._methods if _find(self._root, decoded, 0, other) is not None}
            raise method_not_allowed(", ".join(sorted(others))) if others else not_found()
        route, at = found
        rest = None if at is None else _rest("/".join(raw[at:]))
        return Match(route, _params(route.pattern, decoded), rest)

    def _add(self, route: Route[H]) -> None:
        node = self._root
        parts = route.pattern.strip("/").split("/")
        for number, part in enumerate(parts):
            if part.endswith("...}"):
                if number != len(parts) - 1:
                    raise ValueError(f"only the last parameter may take the rest: {route.pattern}")
                return _enter(node.open, route)
            if part.startswith("{"):
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.literals.setdefault(part, _Node())
        return _enter(node.routes, route)


def decode(part: str) -> str | None:
    """Percent-decoded once, `+` stays a plus; None for what no name can be: broken UTF-8, lone surrogates, NUL."""
    try:
        text = unquote_to_bytes(part).decode()
    except UnicodeError:
        return None
    return None if "\x00" in text else text


def _rest(raw: str) -> Rest:
    # What does not decode may still be a name as it came ("100%"), but NUL is in none.
    candidates = [text for text in (decode(raw), raw) if text is not None and "\x00" not in text]
    if not candidates:
        raise not_found()
    return Rest(raw, tuple(dict.fromkeys(candidates)))


def _enter(table: dict[str, Route[H]], route: Route[H]) -> None:
    if route.method in table:
        raise ValueError(f"two routes for {route.method} {route.pattern}")
    table[route.method] = route


def _params(pattern: str, decoded: list[str | None]) -> dict[str, str]:
    return {
        part[1:-1]: value
        for part, value in zip(pattern.strip("/").split("/"), decoded, strict=False)
        if part.startswith("{") and not part.endswith("...}") and value is not None
    }


def _find(node: _Node[H], decoded: list[str | None], at: int, method: str) -> tuple[Route[H], int | None] | None:
    """The route, and where the rest begins if it takes one. A path has few parts, so this goes no deeper than that."""
    if at == len(decoded):
        route = node.routes.get(method)
        return None if route is None else (route, None)
    part = decoded[at]
    if part:
        literal = node.literals.get(part)
        found = _find(literal, decoded, at + 1, method) if literal is not None else None
        if found is None and node.any is not None:
            found = _find(node.any, decoded, at + 1, method)
        if found is not None:
            return found
    route = node.open.get(method)
    return None if route is None or not any(each != "" for each in decoded[at:]) else (route, at)
