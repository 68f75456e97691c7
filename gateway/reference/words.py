"""Shapes in words, for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .shapes import Shape

_SID = re.compile(r"\^([A-Z]{2})\[0-9a-fA-F\]\{32\}\$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A member of an object, with the path that leads to it. `link`: the resource it is, if it is one."""

    name: str
    kind: str
    note: str = ""
    link: str = ""
    required: bool = True


def words(shape: Shape) -> str:
    """The kind of value in a few words."""
    if not shape.keys() - {"description"}:
        return "any JSON"
    if "$ref" in shape:
        return target(shape)
    if "const" in shape:
        return f"“{shape['const']}”"
    for union in ("anyOf", "oneOf"):
        if union in shape:
            return " or ".join(dict.fromkeys(words(part) for part in shape[union]))
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    null = " or null" if "null" in kinds and kinds != ["null"] else ""
    return _one_kind(kinds[0], shape) + null


def _one_kind(kind: str, shape: Shape) -> str:
    if "enum" in shape:
        return " | ".join(str(value) for value in shape["enum"] if value is not None)
    match kind:
        case "array":
            return f"list{_bounds(shape, 'Items', '')} of {words(shape['items'])}"
        case "string":
            return _text(shape)
        case "integer":
            return f"integer{_range(shape)}"
        case "boolean":
            return "true | false"
    return kind


def _text(shape: Shape) -> str:
    sid = _SID.fullmatch(shape.get("pattern", ""))
    if sid:
        return f"SID {sid[1]}…"
    if shape.get("contentMediaType") == "application/json":
        return "JSON text"
    match shape.get("format"):
        case "date-time":
            return "date-time"
        case "uri":
            return f"URL{_bounds(shape, 'Length', ' characters')}"
    return f"string{_bounds(shape, 'Length', ' characters')}"


def _bounds(shape: Shape, what: str, unit: str) -> str:
    low, high = shape.get(f"min{what}"), shape.get(f"max{what}")
    if high is None:
        return ", not empty" if low else ""
    return f", {low} to {high}{unit}" if low else f", at most {high}{unit}"


def _range(shape: Shape) -> str:
    low, high = shape.get("minimum"), shape.get("maximum")
    if low is None:
        return ""
    if low == high:
        return f" {low}"
    return f" from {low}" if high is None else f" from {low} to {high}"


def target(shape: Shape) -> str:
    """The resource a reference leads to."""
    return str(shape["$ref"]).rpartition("/")[2]


def rows(shape: Shape, path: str = "") -> Iterator[Row]:
    """The members of an object and, below each, those of the objects in it."""
    for name, value in shape.get("properties", {}).items():
        full = f"{path}{name}"
        yield Row(
            name=full,
            kind=words(value),
            note=note_of(value),
            link=_link(value),
            required=name in shape.get("required", ()),
        )
        yield from _inner(value, full)


def note_of(value: Shape) -> str:
    """Its own words, and its default."""
    note = str(value.get("description", "")) if value.keys() - {"description"} else ""
    default = value.get("default")
    return note if default is None else f"{note}{'. ' if note else ''}Default: {str(default).lower()}"


def _link(value: Shape) -> str:
    if "$ref" in value:
        return target(value)
    if "items" in value:
        return _link(value["items"])
    for part in value.get("anyOf", ()):
        if "$ref" in part:
            return target(part)
    return ""


def _inner(value: Shape, path: str) -> Iterator[Row]:
    if "items" in value:
        yield from rows(value["items"], f"{path}[].")
    yield from rows(value, f"{path}.")
    seen: set[str] = set()
    for alternative in value.get("oneOf", ()):
        for row in rows(alternative, f"{path}."):
            if row.name not in seen:
                seen.add(row.name)
                yield row
