"""All rows, and what the product itself knows to be asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from gateway.centrifuge import commands, rpc
from gateway.reference.documents import DOCUMENTS
from gateway.sdk.actions import Actions
from gateway.sdkhttp.names import Kind as Shown
from gateway.upstream import build_upstream

from . import action_rows, media_rows, native_rows, sdk_rows, sync_rows
from .rules import Door, Row

ROWS: list[Row] = [*native_rows.ROWS, *sdk_rows.ROWS, *sync_rows.ROWS, *action_rows.ROWS, *media_rows.ROWS]


def registered() -> Mapping[Door, set[str]]:
    """Everything that is routed, by door."""
    return {
        Door.NATIVE: {*rpc.METHODS, *commands.NAMES.values()},
        Door.SDK: set(_routes()),
        Door.SUBSCRIBE: {shown.value for shown in Shown} | {"command list"},
        Door.ACTION: set(Actions(_nothing())._actions),
        Door.MEDIA: {operation.name for operation in DOCUMENTS["media-v1"].operations},
    }


def tabled() -> Mapping[Door, set[str]]:
    found: dict[Door, set[str]] = {door: set() for door in Door}
    for row in ROWS:
        found[row.door].add(row.name)
    found[Door.NATIVE] |= native_rows.ELSEWHERE_TESTED
    found[Door.SDK].add(sync_rows.SUBSCRIPTIONS)
    return found


def _nothing() -> Any:  # Any: whatever is only kept while routes are made
    return None


def _routes() -> Iterator[str]:
    names = ("chat", "reads", "hub", "relay", "clock", "online", "start", "media", "count")
    dispatcher = build_upstream(**{name: _nothing() for name in names})
    yield from _below(cast("Any", dispatcher)._router._root)


def _below(node: Any) -> Iterator[str]:  # Any: a node of the router's tree
    for routes in (node.routes, node.open):
        yield from (f"{method} {route.pattern}" for method, route in routes.items())
    for child in (*node.literals.values(), *([node.any] if node.any is not None else ())):
        yield from _below(child)
