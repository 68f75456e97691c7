from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from gateway.http.errors import HttpError, refusal_handler
from gateway.reference.documents import DOCUMENTS
from gateway.reference.native.methods import METHODS
from gateway.reference.openapi import openapi
from gateway.reference.routes import reference_routes

PAGES = ["/docs", "/docs/", "/docs/native", *(f"/docs/{name}" for name in DOCUMENTS)]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    app = Starlette(routes=[*reference_routes()], exception_handlers={HttpError: refusal_handler})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://chat.test") as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_needs_nothing_from_anywhere(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    text = response.text
    assert not re.search(r"<(script|img|link|iframe|object|embed)\b|\bsrc=|@import|url\(|\son\w+=", text)
    assert all(target.startswith(("/docs", "#")) for target in re.findall(r'href="([^"]*)"', text))


@pytest.mark.parametrize("path", PAGES)
async def test_the_policy_of_a_page_allows_its_own_style_only(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path)
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = response.headers["content-security-policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{digest}'"]
    assert "style=" not in response.text


@pytest.mark.parametrize("path", PAGES)
async def test_links_of_a_page_lead_somewhere(http: httpx.AsyncClient, path: str) -> None:
    text = (await http.get(path)).text
    anchors = re.findall(r'\bid="([^"]*)"', text)
    assert len(anchors) == len(set(anchors))
    for target in set(re.findall(r'href="([^"]*)"', text)):
        if target.startswith("#"):
            assert target[1:] in anchors
        else:
            assert (await http.get(target)).status_code == 200


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_page_shows_every_operation_and_resource(http: httpx.AsyncClient, name: str) -> None:
    text = (await http.get(f"/docs/{name}")).text
    assert all(f'id="{operation.name}"' in text for operation in DOCUMENTS[name].operations)
    assert all(f'id="{resource}"' in text for resource in DOCUMENTS[name].schemas)


async def test_the_native_page_shows_every_method(http: httpx.AsyncClient) -> None:
    text = (await http.get("/docs/native")).text
    assert all(f'id="{name}"' in text for name in METHODS)


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_document_is_served_as_it_is_made(http: httpx.AsyncClient, name: str) -> None:
    response = await http.get(f"/docs/openapi/{name}.json")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.json() == openapi(DOCUMENTS[name])


async def test_the_asyncapi_document_is_served(http: httpx.AsyncClient) -> None:
    response = await http.get("/docs/asyncapi.json")
    assert response.json()["asyncapi"] == "3.0.0"


async def test_what_is_served_is_made_once(http: httpx.AsyncClient) -> None:
    first, second = [(await http.get("/docs/chat-v2")).content for _ in range(2)]
    assert first == second
    assert "max-age" in (await http.get("/docs/chat-v2")).headers["cache-control"]


@pytest.mark.parametrize("path", ["/docs/chat-v9", "/docs/openapi/native.json", "/docs/openapi/%3Cb%3E.json"])
async def test_an_unknown_document_is_absent(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path)
    assert response.status_code == 404
    body = json.loads(response.content)
    assert (body["status"], body["code"]) == (404, 20404)
