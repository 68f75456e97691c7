"""Every operation, called with all it reads, answers as documented."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.reference.documents import DOCUMENTS, Document
from gateway.reference.operation import Operation

from .conftest import SceneOf
from .stories import Story, Value, stories

Json = dict[str, Any]  # Any: JSON

METHODS_AS_GIVEN = {"Configuration.Method"}
CALLS = [
    pytest.param(document, operation, story, id=f"{document.name}-{operation.name}-{number}")
    for document in DOCUMENTS.values()
    for operation in document.operations
    for number, story in enumerate(stories(operation))
]


@pytest.mark.parametrize(("document", "operation", "story"), CALLS)
async def test_an_operation_answers_as_documented(
    scene_of: SceneOf, document: Document, operation: Operation, story: Story
) -> None:
    scene = await scene_of(document)
    path = await scene.path(operation)
    item = await scene.prepare(operation, path)
    values = await scene.values(operation, story, path)
    for name in values if operation.key else ():
        values[name] = item.get(snake(name), values[name])  # filters find the item
    response = await scene.call(operation, path, values)
    assert response.status_code == (story.status or operation.status), response.text
    if operation.status == 204:
        assert response.content == b""
        return
    if operation.download:
        assert response.content or response.headers["location"]
        return
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    body = response.json()
    assert scene.complaints(operation, body) == []
    if operation.key:
        assert body["meta"]["key"] == operation.key
        assert body[operation.key], "nothing to judge"
    elif operation.form:
        assert differences(values, body) == {}


CLEARING = [
    pytest.param(document, operation, id=f"{document.name}-{operation.name}")
    for document in DOCUMENTS.values()
    for operation in document.operations
    if operation.method == "POST" and operation.status == 200 and any(p.clears for p in operation.form)
]


@pytest.mark.parametrize(("document", "operation"), CLEARING)
async def test_an_empty_value_clears(scene_of: SceneOf, document: Document, operation: Operation) -> None:
    scene = await scene_of(document)
    path = await scene.path(operation)
    await scene.prepare(operation, path)
    values = await scene.values(operation, stories(operation)[0], path)
    filled = await scene.call(operation, path, values)
    assert filled.status_code == 200, filled.text
    empty = {p.name: "" for p in operation.form if p.clears and p.name in values}
    cleared = await scene.call(operation, path, empty)
    assert cleared.status_code == 200, cleared.text
    left = {name: answered(cleared.json(), name) for name in empty}
    assert {name: value for name, value in left.items() if value not in (None, ..., [])} == {}


def differences(values: Mapping[str, Value], body: Json) -> dict[str, tuple[object, object]]:
    """Properties that are named as a parameter and have another value: parameter → sent, answered."""
    found = {name: (sent, answered(body, name)) for name, sent in values.items()}
    return {name: pair for name, pair in found.items() if pair[1] is not ... and not same(name, *pair)}


def answered(body: Json, name: str) -> object:
    """The property of that name, `…` if there is none; dots lead into objects."""
    value: Any = body
    for part in name.split("."):
        value = value.get(snake(part), ...) if isinstance(value, dict) else ...
    return value


def same(name: str, sent: Value, got: object) -> bool:
    if isinstance(got, bool | int):
        return str(got).lower() == sent
    if name.endswith("Method") and name not in METHODS_AS_GIVEN:
        return isinstance(sent, str) and got == sent.upper()
    return got == sent


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()
