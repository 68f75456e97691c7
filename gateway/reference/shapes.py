"""Short words for JSON Schema (draft 2020-12): the shapes of parameters and properties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Shape = dict[str, Any]  # Any: JSON

INT32_MAX = 2**31 - 1


def text(longest: int | None = None, *, shortest: int | None = None, about: str = "") -> Shape:
    """Bounds in characters."""
    return _drop({"type": "string", "minLength": shortest, "maxLength": longest, "description": about or None})


def json_text(about: str = "Kept exactly as it was given") -> Shape:
    return {"type": "string", "contentMediaType": "application/json", "description": about}


def sid(prefix: str, *, about: str = "") -> Shape:
    return _drop({"type": "string", "pattern": f"^{prefix}[0-9a-fA-F]{{32}}$", "description": about or None})


def date() -> Shape:
    """A date in an answer: UTC, whole seconds."""
    pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
    return {"type": "string", "format": "date-time", "pattern": pattern}


def moment() -> Shape:
    """A date in a request: any ISO 8601 date-time."""
    return {"type": "string", "format": "date-time"}


def url(longest: int | None = None) -> Shape:
    return _drop({"type": "string", "format": "uri", "maxLength": longest})


def integer(low: int | None = None, high: int | None = None) -> Shape:
    return _drop({"type": "integer", "minimum": low, "maximum": high})


def flag() -> Shape:
    return {"type": "boolean"}


def one_of(*values: str) -> Shape:
    return {"type": "string", "enum": list(values)}


def any_case(*values: str) -> Shape:
    """For parameters: one of the values in upper or lower case."""
    return one_of(*values, *(value.lower() for value in values))


def many(item: Shape, *, most: int | None = None) -> Shape:
    return _drop({"type": "array", "items": item, "maxItems": most})


def record(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """An object with these members and no others."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def either(*shapes: Shape) -> Shape:
    """Exactly one of them fits."""
    return {"oneOf": list(shapes)}


def ref(name: str) -> Shape:
    return {"$ref": f"#/components/schemas/{name}"}


def nullable(shape: Shape) -> Shape:
    if "type" not in shape:
        return {"anyOf": [shape, {"type": "null"}]}
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    wider = {**shape, "type": [*kinds, "null"]}
    if "enum" in shape:
        wider["enum"] = [*shape["enum"], None]
    return wider


def without(shape: Shape, *names: str) -> Shape:
    """A record that lacks these members."""
    missing = set(names) - set(shape["properties"])
    assert not missing, f"no such members: {missing}"
    kept = {name: value for name, value in shape["properties"].items() if name not in names}
    return {**shape, "required": [name for name in shape["required"] if name in kept], "properties": kept}


def extended(shape: Shape, required: Mapping[str, Shape]) -> Shape:
    """A record with more members, or other shapes for those it has."""
    merged = {**shape["properties"], **required}
    needed = [*shape["required"], *(name for name in required if name not in shape["required"])]
    return {**shape, "required": needed, "properties": merged}


def links(*names: str, may_be_null: Iterable[str] = ()) -> Shape:
    """The URLs of what belongs to a resource."""
    return record({**dict.fromkeys(names, url()), **{name: nullable(url()) for name in may_be_null}})


def _drop(shape: Shape) -> Shape:
    return {name: value for name, value in shape.items() if value is not None}
