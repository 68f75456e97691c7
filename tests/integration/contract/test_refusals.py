"""Every operation refuses what it does not take, with the code that is documented."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import httpx
import pytest

from gateway.http.errors import status_of
from gateway.reference.documents import DOCUMENTS, Document
from gateway.reference.operation import PLACEHOLDERS, Operation, paging

from .conftest import SceneOf
from .refused import absent_keys, bad_values, code_of
from .scene import Scene
from .stories import SAME_HANDLERS, Value, needed, stories

DOCUMENTED = [document for document in DOCUMENTS.values() if not document.name.startswith(SAME_HANDLERS)]
OPERATIONS = [(document, operation) for document in DOCUMENTED for operation in document.operations]


def each(operations: Iterable[tuple[Document, Operation]]) -> pytest.MarkDecorator:
    found = list(operations)
    return pytest.mark.parametrize(
        ("document", "operation"), found, ids=[f"{document.name}-{operation.name}" for document, operation in found]
    )


def of(*wanted: str) -> pytest.MarkDecorator:
    """Operations that have any of these."""
    return each(o for o in OPERATIONS if any(getattr(o[1], name) for name in wanted))


def refusal(response: httpx.Response) -> tuple[int, int]:
    """Status and code."""
    body = response.json()
    assert set(body) == {"code", "message", "more_info", "status"}, body
    assert body["status"] == response.status_code
    return response.status_code, body["code"]


@of("form")
async def test_a_required_parameter_is_missed(scene_of: SceneOf, document: Document, operation: Operation) -> None:
    scene = await scene_of(document)
    path = await scene.path(operation)
    values = await scene.values(operation, stories(operation)[0], path)
    wrong = {}
    for parameter in operation.form:
        if parameter.required:
            rest = {name: value for name, value in values.items() if name != parameter.name}
            found = refusal(await scene.call(operation, path, rest))
            if found != (400, parameter.missing):
                wrong[parameter.name] = found
    assert wrong == {}


@of("form", "query")
async def test_an_invalid_value_is_refused(scene_of: SceneOf, document: Document, operation: Operation) -> None:
    scene = await scene_of(document)
    path = await scene.path(operation)
    wrong: dict[str, object] = {}
    told: set[str] = set()
    for story in stories(operation):
        values = await scene.values(operation, story, path)
        for parameter in (*operation.form, *operation.query):
            if parameter.name not in values or parameter.name in told:
                continue
            told.add(parameter.name)
            for bad in bad_values(parameter):
                response = await scene.call(operation, path, {**values, parameter.name: bad})
                code = code_of(parameter, bad)
                expected = (status_of(code), code)
                if response.status_code < 400 or refusal(response) != expected:
                    wrong[f"{parameter.name}={bad!r:.40}"] = response.text[:80], expected
    assert wrong == {}


@of("key")
async def test_a_list_refuses_what_is_no_page(scene_of: SceneOf, document: Document, operation: Operation) -> None:
    scene = await scene_of(document)
    path = await scene.path(operation)
    values = await scene.values(operation, stories(operation)[0], path)
    for parameter in paging(operation):
        for bad in bad_values(parameter):
            response = await scene.call(operation, path, {**values, parameter.name: bad})
            assert refusal(response) == (400, 20001), (parameter.name, bad)


@of("key")
async def test_a_list_clamps_the_size_of_its_pages(scene_of: SceneOf, document: Document, operation: Operation) -> None:
    scene = await scene_of(document)
    path = await scene.path(operation)
    values = await scene.values(operation, stories(operation)[0], path)
    pages = [await scene.call(operation, path, {**values, **more}) for more in ({"PageSize": "5000"}, {})]
    assert [page.json()["meta"]["page_size"] for page in pages] == [operation.page_max, operation.page]


@of("placeholders")
async def test_what_the_path_names_may_be_absent(scene_of: SceneOf, document: Document, operation: Operation) -> None:
    scene = await scene_of(document)
    path = await scene.path(operation)
    values = await scene.values(operation, stories(operation)[0], path, needed(operation))
    wrong = {}
    for name in operation.placeholders:
        for key in absent_keys(name, PLACEHOLDERS[name]):
            response = await scene.call(operation, {**path, name: key}, values)
            if response.status_code != 404 or refusal(response) != (404, 20404):
                wrong[f"{name}={key}"] = response.text
    assert wrong == {}


async def _on_nothing(scene: Scene, operation: Operation, method: str) -> httpx.Response:
    path = {name: next(absent_keys(name, PLACEHOLDERS[name])) for name in operation.placeholders}
    return await scene.http.request(method, scene.base + operation.pattern.format(**path))


def _paths() -> dict[str, tuple[Document, Operation, set[str]]]:
    found: dict[str, tuple[Document, Operation, set[str]]] = {}
    for document in DOCUMENTED:
        for operation in document.operations:
            found.setdefault(f"{document.name}{operation.pattern}", (document, operation, set()))[2].add(
                operation.method
            )
    return found


@pytest.mark.parametrize(("document", "operation", "methods"), _paths().values(), ids=_paths())
async def test_a_path_has_no_other_methods(
    scene_of: SceneOf, document: Document, operation: Operation, methods: set[str]
) -> None:
    scene = await scene_of(document)
    for method in {"GET", "POST", "DELETE", "PUT", "PATCH"} - methods:
        response = await _on_nothing(scene, operation, method)
        assert refusal(response) == (405, 20004), method


NO_VALUES: Mapping[str, Value] = {}


@each(o for o in OPERATIONS if o[1].name.startswith("update") and not any(p.required for p in o[1].form))
async def test_an_update_of_nothing_changes_nothing(
    scene_of: SceneOf, document: Document, operation: Operation
) -> None:
    scene = await scene_of(document)
    path = await scene.path(operation)
    updated = await scene.call(operation, path, NO_VALUES)
    assert updated.status_code == 200, updated.text
    fetch = scene.operation("GET", operation.pattern)
    if fetch is not None:
        assert (await scene.call(fetch, path, NO_VALUES)).json() == updated.json()
