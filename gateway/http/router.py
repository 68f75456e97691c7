"""Table-driven routing on decoded path segments.

Starlette routes on a path that is decoded before it is split, where `a%2Fb` has become two segments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .errors import method_not_allowed, not_found

H = TypeVar("H")


@dataclass(frozen=True, slots=True)
class Route(Generic[H]):
    """`pattern` is a path such as `/v2/Services/{service}`; a name in braces takes one whole segment, not empty."""

    method: str
    pattern: str
    handler: H


@dataclass(slots=True)
class _Node(Generic[H]):
    literals: dict[str, _Node[H]] = field(default_factory=dict)
    any: _Node[H] | None = None
    endpoints: dict[str, tuple[H, tuple[str, ...]]] = field(default_factory=dict)  # method → handler, parameter names


class Router(Generic[H]):
    """Case-sensitive; where both fit, a literal segment wins over a parameter."""

    def __init__(self, routes: Iterable[Route[H]]) -> None:
        """Raises ValueError for two routes with the same method and shape."""
        self._root: _Node[H] = _Node()
        for route in routes:
            self._add(route)

    def match(self, method: str, segments: Sequence[str], path: str) -> tuple[H, Mapping[str, str]]:
        """The handler and its parameters. Raises HttpError: 404 about `path`, 405 where only the method is wrong."""
        found = _find(self._root, segments, 0)
        if found is None:
            raise not_found(path)
        node, values = found
        endpoint = node.endpoints.get(method)
        if endpoint is None:
            raise method_not_allowed(", ".join(sorted(node.endpoints)))
        handler, names = endpoint
        return handler, dict(zip(names, values, strict=True))

    def _add(self, route: Route[H]) -> None:
        node, names = self._root, []
        for part in route.pattern.strip("/").split("/"):
            if part.startswith("{"):
                names.append(part[1:-1])
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.literals.setdefault(part, _Node())
        if route.method in node.endpoints:
            raise ValueError(f"two routes for {route.method} {route.pattern}")
        node.endpoints[route.method] = (route.handler, tuple(names))


def _find(node: _Node[H], segments: Sequence[str], at: int) -> tuple[_Node[H], tuple[str, ...]] | None:
    if at == len(segments):
        return (node, ()) if node.endpoints else None
    literal = node.literals.get(segments[at])
    found = _find(literal, segments, at + 1) if literal is not None else None
    if found is None and node.any is not None and segments[at]:
        below = _find(node.any, segments, at + 1)
        if below is not None:
            found = below[0], (segments[at], *below[1])
    return found
