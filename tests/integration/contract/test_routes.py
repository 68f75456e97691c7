"""The reference lists exactly what the gateway routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.reference.documents import DOCUMENTS
from gateway.rest.product import Product

from .published import shape
from .rig import Rig


def routed(rig: Rig, product: str) -> Iterator[str]:
    api: Any = rig.app.router.default  # Any: an ASGI application, which is the gateway's Api here
    yield from _below(api._routers[product]._root, "")


def _below(node: Any, path: str) -> Iterator[str]:  # Any: a node of the router's tree
    yield from (f"{method} {path}" for method in node.endpoints)
    for name, child in node.literals.items():
        yield from _below(child, f"{path}/{name}")
    if node.any is not None:
        yield from _below(node.any, f"{path}/{{}}")


@pytest.mark.parametrize("product", Product)
async def test_what_is_routed_is_what_is_listed(rig: Rig, product: Product) -> None:
    listed = {
        f"{operation.method} {shape(operation.pattern)}"
        for document in DOCUMENTS.values()
        for operation in document.operations
        if document.product == product
    }
    found = set(routed(rig, product))
    complaints = [
        *(f"listed, not routed: {operation}" for operation in sorted(listed - found)),
        *(f"routed, not listed: {operation}" for operation in sorted(found - listed)),
    ]
    assert not complaints, "\n".join(complaints)
