"""Requests made up from the reference: never a 5xx, and never an answer that the reference does not describe.

`make fuzz` makes up fifty times as many.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.reference.documents import DOCUMENTS, Document
from gateway.reference.openapi import FORM, openapi
from gateway.reference.operation import Operation
from tests.integration.rest.rig import new_account
from tests.support.servers import Servers, cloned_database

from .rig import HOST, running_rig
from .scene import Scene
from .stories import BELOW_SERVICE, SAME_HANDLERS, Value, stories

REQUEST_PARTS = {"method", "url", "headers", "params", "cookies", "data", "json", "files"}
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DEEP = hypothesis.settings().max_examples > 1000
"""Under the profile of `make fuzz`."""
TAGS = sorted(
    {
        (document.name, operation.tag)
        for document in DOCUMENTS.values()
        if not document.name.startswith(SAME_HANDLERS)
        for operation in document.operations
        if DEEP or not operation.tag.endswith(BELOW_SERVICE)
    }
)
"""One test each, so that several processes share the work. What has the same handlers is left out in a hurry."""
fuzzed = settings(
    max_examples=500 if DEEP else 10,
    derandomize=not DEEP,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate, *([Phase.shrink] if DEEP else [])],
)


@dataclass(frozen=True, slots=True)
class Stage:
    """An application that runs whenever it is asked something."""

    runner: asyncio.Runner
    scenes: Mapping[str, Scene]


@pytest.fixture(scope="module")
def stage(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        try:
            yield Stage(runner, runner.run(_entered(stack, servers, tmp_path_factory.mktemp("media"))))
        finally:
            runner.run(stack.aclose())


async def _entered(stack: contextlib.AsyncExitStack, servers: Servers, folder: Path) -> Mapping[str, Scene]:
    return await stack.enter_async_context(_opened(servers, folder))


@contextlib.asynccontextmanager
async def _opened(servers: Servers, folder: Path) -> AsyncIterator[Mapping[str, Scene]]:
    async with contextlib.AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(cloned_database(servers))
        rig = await stack.enter_async_context(running_rig(dsn, folder))
        scenes = {}
        for document in DOCUMENTS.values():
            account = await new_account(rig.admin)
            http = await stack.enter_async_context(rig.http((account.sid, account.auth_token)))
            scenes[document.name] = Scene(rig, http, account, document)
        yield scenes


def _described(document: Document) -> dict[str, Any]:
    """Without parameters that nobody reads."""
    described = openapi(document)
    for item in described["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {})
            if FORM in content:
                content[FORM]["schema"]["additionalProperties"] = False
    return described


@pytest.mark.parametrize(("name", "tag"), TAGS)
def test_nothing_that_can_be_said_breaks_it(stage: Stage, name: str, tag: str) -> None:
    document, scene = DOCUMENTS[name], stage.scenes[name]
    schema = schemathesis.openapi.from_dict(_described(document))
    for operation in document.operations:
        if operation.tag == tag:
            described = schema[operation.pattern][operation.method]
            right = described.as_strategy(generation_mode=GenerationMode.POSITIVE)
            wrong = described.as_strategy(generation_mode=GenerationMode.NEGATIVE)
            _fuzz(stage.runner, scene, operation, right | wrong if operation.form or operation.query else right)


def _fuzz(runner: asyncio.Runner, scene: Scene, operation: Operation, made_up: st.SearchStrategy[Case[Any]]) -> None:
    path = runner.run(_found(scene, operation))
    good = runner.run(scene.values(operation, stories(operation)[0], path))

    @fuzzed
    @given(case=made_up, data=st.data())
    def say(case: Case[Any], data: st.DataObject) -> None:
        nonlocal path
        _make_sense(case, data, path, good)
        response = runner.run(_send(scene, case))
        case.validate_response(response, checks=CHECKS)
        if operation.method == "DELETE" and response.status_code == 204:
            path = runner.run(_found(scene, operation))

    say()


async def _found(scene: Scene, operation: Operation) -> dict[str, str]:
    path = await scene.path(operation)
    await scene.prepare(operation, path)
    return path


def _make_sense(case: Case[Any], data: st.DataObject, path: Mapping[str, str], good: Mapping[str, Value]) -> None:
    """Mostly about objects that exist, and with some parameters that are known to work."""
    for name, sid in path.items():
        if data.draw(st.integers(0, 9), label=name) < 9:
            case.path_parameters[name] = quote(sid, safe="")
    where = "query" if case.method == "GET" else "body"
    made_up = getattr(case, where)
    if not good or not isinstance(made_up, dict):
        return
    known: dict[str, Any] = {
        name: good[name] for name in data.draw(st.sets(st.sampled_from(sorted(good))), label="good")
    }
    if data.draw(st.booleans(), label="nothing that excludes them"):
        made_up = {name: value for name, value in made_up.items() if name in good}
    setattr(case, where, {**made_up, **known})


async def _send(scene: Scene, case: Case[Any]) -> httpx.Response:
    """The request as schemathesis would make it, with the credentials of the scene."""
    described = case.as_transport_kwargs(base_url=f"{HOST}{scene.base}")
    described = {name: value for name, value in described.items() if name in REQUEST_PARTS}
    made: Any = requests.Request(**described).prepare()  # Any: text and bytes are mixed there
    headers = {name: value for name, value in made.headers.items() if name.lower() not in ("authorization", "host")}
    return await scene.http.request(str(made.method), str(made.url), headers=headers, content=made.body)
