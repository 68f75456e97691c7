"""Published OpenAPI files in the words of our tables, and what differs between the two."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.reference.documents import Document
from gateway.reference.openapi import openapi

Json = dict[str, Any]  # Any: JSON
FILES = {
    "chat-v1": "twilio_chat_v1.json",
    "chat-v2": "twilio_chat_v2.json",
    "chat-v3": "twilio_chat_v3.json",
    "conversations-v1": "twilio_conversations_v1.json",
    "ip-messaging-v1": "twilio_ip_messaging_v1.json",
    "ip-messaging-v2": "twilio_ip_messaging_v2.json",
}
_METHODS = ("get", "post", "delete")
_PAGING = {"Page", "PageToken"}


def differences(document: Document, folder: Path) -> Iterator[tuple[str, str, str]]:
    """Operation, what differs, and how: `ours | theirs`."""
    aliases = {f"{o.method} {shape(o.pattern)}" for o in document.operations if o.alias}
    ours = {name: found for name, found in _facts(openapi(document)).items() if name not in aliases}
    theirs = _facts(json.loads((folder / FILES[document.name]).read_text(encoding="utf-8")))
    for operation in sorted(ours.keys() | theirs.keys()):
        yield from _compare(operation, ours.get(operation), theirs.get(operation))


def _compare(operation: str, ours: Json | None, theirs: Json | None) -> Iterator[tuple[str, str, str]]:
    if ours is None or theirs is None:
        yield operation, "operation", f"{ours is not None} | {theirs is not None}"
        return
    for fact in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(fact), theirs.get(fact)
        if here != there and not _narrower(here, there):
            yield operation, fact, f"{here} | {there}"


def _narrower(here: object, there: object) -> bool:
    """Whether ours lists the values of what they leave open."""
    return isinstance(here, str) and isinstance(there, str) and here.startswith(f"{there} ") and "," not in there


def shape(pattern: str) -> str:
    """A path whatever its placeholders are called."""
    return re.sub(r"\{[^}]*\}", "{}", pattern)


def _facts(document: Json) -> dict[str, Json]:
    """Operation → fact → value."""
    return {
        f"{method.upper()} {shape(path)}": dict(_of_operation(document, item[method]))
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    }


def _of_operation(document: Json, operation: Json) -> Iterator[tuple[str, object]]:
    for parameter in operation.get("parameters", ()):
        name, where = parameter["name"], parameter["in"]
        if where == "path" or name in _PAGING:
            continue
        if name == "PageSize":
            yield "page", _page_max(parameter)
        else:
            yield f"{where} {name}", _kind(document, parameter["schema"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        for name, found in content["schema"].get("properties", {}).items():
            yield f"form {name}", _kind(document, found)
        for name in content["schema"].get("required", ()):
            yield f"required {name}", True
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield f"status {status}", True
            for content in response.get("content", {}).values():
                yield from _properties(document, _resolve(document, content["schema"]))


def _page_max(parameter: Json) -> int:
    if "maximum" in parameter["schema"]:
        return int(parameter["schema"]["maximum"])
    return int(re.findall(r"at most ([0-9]+)", parameter["description"])[0])


def _properties(document: Json, body: Json) -> Iterator[tuple[str, object]]:
    """Of a resource, or of the items of a page."""
    properties = body.get("properties", {})
    for name, found in properties.items():
        if "meta" in properties and name != "meta":
            yield "key", name
            yield from _properties(document, _resolve(document, _resolve(document, found)["items"]))
        elif "meta" not in properties:
            yield f"property {name}", _kind(document, found)


def _resolve(document: Json, found: Json) -> Json:
    while "$ref" in found:
        found = document["components"]["schemas"][found["$ref"].rpartition("/")[2]]
    return found


def _kind(document: Json, found: Json) -> str:
    """Type and values, without null."""
    found = _resolve(document, found)
    kinds = found.get("type", "object")
    kind = next(kind for kind in kinds if kind != "null") if isinstance(kinds, list) else kinds
    if kind == "array":
        return f"array of {_kind(document, found['items'])}"
    values = sorted({str(value) for value in found.get("enum", ()) if value is not None})
    return f"{kind} {', '.join(values)}" if values else kind
