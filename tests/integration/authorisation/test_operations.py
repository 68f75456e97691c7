"""The rows of REST: every documented operation for everybody who may call it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import pytest_asyncio

from chatcore.store.admin import Admin
from chatcore.store.postgres import PostgresStore
from gateway.reference.documents import DOCUMENTS, Document
from gateway.reference.operation import Operation
from tests.integration.contract.stories import needed, stories

from .fingerprint import Reader, differences
from .servers import CODES, Gets, Server, Servers, rule, set_up, unreal

ServersOf = Callable[[Document], Awaitable[Servers]]
OPERATIONS = [
    pytest.param(document, operation, id=f"{document.name}-{operation.name}")
    for document in DOCUMENTS.values()
    for operation in document.operations
]


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def state(gateway: tuple[str, PostgresStore, Admin]) -> Reader:
    return await Reader.of(gateway[1])


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def servers_of(gateway: tuple[str, PostgresStore, Admin]) -> AsyncIterator[ServersOf]:
    """Those of a document, made when they are first asked for."""
    made: dict[str, Servers] = {}
    async with contextlib.AsyncExitStack() as stack:

        async def get(document: Document) -> Servers:
            if document.name not in made:
                made[document.name] = await set_up(*gateway, document, stack)
            return made[document.name]

        yield get


@pytest.mark.parametrize(("document", "operation"), OPERATIONS)
async def test_an_operation(servers_of: ServersOf, state: Reader, document: Document, operation: Operation) -> None:
    servers = await servers_of(document)
    scene, story = servers.scene, stories(operation)[0]
    path = await scene.path(operation)
    await scene.prepare(operation, path)
    values = await scene.values(operation, story, path, None if operation.method == "GET" else needed(operation))
    request = await scene.request(operation, path, values)
    nothing = await scene.request(operation, unreal(operation), values)
    acting = [Server.API_KEY] if operation.method != "GET" else [Server.ACCOUNT, Server.API_KEY]
    wrong: list[str] = []
    before = await state.read()
    for server in Server:
        gets = rule(document, operation, server)
        if gets in CODES:
            response = await servers.ask(server, request, path)
            found = refusal(response)
            if found != CODES[gets]:
                wrong.append(f"{server}: {found}, not {gets}: {response.text[:200]}")
            elif gets is Gets.NOT_FOUND and (of_nothing := said(await servers.ask(server, nothing, path))) != (
                of_something := said(response)
            ):
                wrong.append(f"{server}: hears {of_something}, but of nothing {of_nothing}")
            elif gets is Gets.UNKNOWN and response.headers.get("www-authenticate") != 'Basic realm="Twilio API"':
                wrong.append(f"{server}: is not told how to authenticate")
    if changed := differences(before, await state.read()):
        wrong.append(f"something was changed that must not: {', '.join(changed)}")
    for server in (*acting, *(s for s in Server if rule(document, operation, s) is Gets.OWN)):
        response = await servers.ask(server, request, path)
        if response.is_error:
            wrong.append(f"{server}: may not: {response.text[:200]}")
        elif server not in acting and scene.account.sid in response.text:
            wrong.append(f"{server}: sees the account: {response.text[:200]}")
    assert not wrong, "\n".join(wrong)


def refusal(response: httpx.Response) -> tuple[int, object]:
    """Status and code; a refusal consists of nothing else."""
    if not response.is_error:
        return response.status_code, None
    body = response.json()
    plain = set(body) == {"code", "message", "more_info", "status"} and body["status"] == response.status_code
    return response.status_code, body["code"] if plain else body


def said(response: httpx.Response) -> str:
    """Without the SIDs of the path, which it repeats."""
    return re.sub(r"\b([A-Z]{2})[0-9a-f]{32}\b", r"\1", response.text)
