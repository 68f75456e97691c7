"""Addresses in answers lead to what they say."""

from __future__ import annotations

import pytest

from gateway.reference.documents import DOCUMENTS, Document
from gateway.reference.operation import Operation

from .conftest import SceneOf
from .rig import HOST

ONLY_CREATES = {"conversation_with_participants": 405}
NEEDS_A_FILTER = {"participant_conversations": 400}
FETCHES = [
    pytest.param(document, operation, id=f"{document.name}-{operation.name}")
    for document in DOCUMENTS.values()
    for operation in document.operations
    if operation.method == "GET" and not operation.key and operation.schema
]


@pytest.mark.parametrize(("document", "operation"), FETCHES)
async def test_links_lead_somewhere(scene_of: SceneOf, document: Document, operation: Operation) -> None:
    scene = await scene_of(document)
    body = (await scene.call(operation, await scene.path(operation), {})).json()
    links = {"url": body.get("url"), **body.get("links", {})}
    assert body.get("url", HOST).startswith(f"{HOST}{scene.base}/{document.version}/")
    statuses = {name: (await scene.http.get(url)).status_code for name, url in links.items() if url is not None}
    assert statuses == {name: {**ONLY_CREATES, **NEEDS_A_FILTER}.get(name, 200) for name in statuses}
    if "url" in statuses:
        again = (await scene.http.get(links["url"])).json()
        assert {**again, "links": ...} == {**body, "links": ...}  # some links are signed anew each time
