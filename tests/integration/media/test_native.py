"""Files of clients of the native protocol: announced on the socket, brought over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from gateway.media.multipart import FIELD_BYTES
from tests.integration.gateway.rig import Client
from tests.integration.gateway.rig import Rig as Nodes

from .rig import HOST, PNG, Rig, hang_up, pieces, refusal

LINK = re.compile(rf"{HOST}/media-(content|upload)/ME[0-9a-f]{{32}}\?exp=\d+&sig=[\w-]{{43}}")


@dataclass(slots=True)
class Stage:
    rig: Rig
    nodes: Nodes
    http: httpx.AsyncClient  # without credentials

    async def connected(self, identity: str) -> Client:
        return await self.nodes.connected(identity)

    async def put(self, upload: Any, content: Any = PNG, **headers: str) -> httpx.Response:  # Any: JSON; httpx's own
        sent = {**upload["headers"], **headers}
        return await self.http.request(upload["method"], upload["url"], headers=sent, content=content)


@pytest_asyncio.fixture(loop_scope="package")
async def stage(rig: Rig) -> AsyncIterator[Stage]:
    async with Nodes.running(rig.store, nodes=1) as nodes, rig.http() as http:
        for name, value in (("media", rig.announcer), ("base", HOST)):
            object.__setattr__(nodes.nodes[0].services, name, value)
        yield Stage(rig, nodes, http)


async def test_a_file_is_announced_brought_and_sent(stage: Stage) -> None:
    alice, bob = await stage.connected("alice"), await stage.connected("bob")
    channel = (await alice.call("channel.create"))["channel"]["sid"]
    await bob.call("channel.join", channel=channel)
    made = await alice.call("media.create", content_type="image/png", size=len(PNG), filename="../kůň.png")
    media, upload = made["media"], made["upload"]
    assert media == {
        "sid": media["sid"],
        "content_type": "image/png",
        "filename": "kůň.png",
        "size": len(PNG),
        "category": "media",
    }
    assert (upload["method"], upload["headers"]) == ("PUT", {"Content-Type": "image/png"})
    assert LINK.fullmatch(upload["url"])
    assert timedelta(minutes=14) < _moment(upload["expires_at"]) - datetime.now(UTC) <= timedelta(minutes=15)

    assert await alice.code("message.send", channel=channel, media_sid=media["sid"]) == 1507  # not there yet
    response = await stage.put(upload)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["access-control-allow-origin"] == "*"
    assert await bob.code("message.send", channel=channel, media_sid=media["sid"]) == 1507  # not theirs
    message = (await alice.call("message.send", channel=channel, media_sid=media["sid"]))["message"]
    assert (message["type"], message["body"], message["media"]) == ("media", None, media)
    assert (await bob.event(f"chat:{channel}", "message.added"))["message"]["media"] == media
    assert await alice.code("message.send", channel=channel, media_sid=media["sid"]) == 1508

    for key in ({"index": message["index"]}, {"sid": message["sid"]}):
        link = await bob.call("media.url", channel=channel, **key)
        assert LINK.fullmatch(link["url"])
        assert timedelta(0) < _moment(link["expires_at"]) - datetime.now(UTC) <= timedelta(seconds=300)
        assert (await stage.http.get(link["url"])).content == PNG
    await alice.call("message.delete", channel=channel, sid=message["sid"])
    assert await bob.code("media.url", channel=channel, sid=message["sid"]) == 1500
    assert refusal(await stage.http.get(link["url"])) == (404, 20404)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, 107),
        ({"content_type": "image/png"}, 107),
        ({"size": 5}, 107),
        ({"content_type": "image/png", "size": -1}, 107),
        ({"content_type": "image/png", "size": "5"}, 107),
        ({"content_type": "image/png", "size": 5.5}, 107),
        ({"content_type": "image/png", "size": 2**60}, 107),
        ({"content_type": "image/png", "size": 5, "filename": "a\0b"}, 107),
        ({"content_type": "nonsense", "size": 5}, 1511),
        ({"content_type": "image/png", "size": 151 * 1024 * 1024}, 1512),
    ],
)
async def test_what_cannot_be_announced(stage: Stage, params: dict[str, Any], code: int) -> None:
    alice = await stage.connected("alice")
    assert await alice.code("media.create", **params) == code
    assert await stage.rig.records(stage.nodes.service.sid) == []


async def test_content_that_has_no_url(stage: Stage) -> None:
    alice, bob = await stage.connected("alice"), await stage.connected("bob")
    channel = (await alice.call("channel.create"))["channel"]["sid"]
    await alice.call("message.send", channel=channel, body="text")
    assert await alice.code("media.url", channel=channel, index=0) == 1507
    assert await alice.code("media.url", channel=channel, index=1) == 1500
    assert await alice.code("media.url", channel=channel) == 107
    assert await alice.code("media.url", channel="nowhere", index=0) == 1300
    assert await bob.code("media.url", channel=channel, index=0) == 1400


async def test_other_sizes_than_announced_are_refused_and_may_be_tried_again(stage: Stage) -> None:
    alice = await stage.connected("alice")
    upload = (await alice.call("media.create", content_type="image/png", size=len(PNG)))["upload"]
    service = stage.nodes.service.sid
    for content, refused in (
        (PNG + b"x", (413, 50512)),
        (PNG[:-1], (400, 20001)),
        (b"", (400, 20001)),
        (pieces(1), (413, 50512)),  # of which no header tells the size
        (_some(), (400, 20001)),
    ):
        assert refusal(await stage.put(upload, content)) == refused
        assert stage.rig.files(service) == []
    form = {"Content-Type": "multipart/form-data; boundary=X"}  # means nothing here: a body is a file
    assert refusal(await stage.put(upload, PNG + b"x" * FIELD_BYTES, **form)) == (413, 50512)
    assert (await stage.put(upload, **form)).status_code == 204
    assert refusal(await stage.put(upload)) == (409, 20409)
    assert len(stage.rig.files(service)) == 1


async def _some() -> AsyncIterator[bytes]:
    yield PNG[:100]


async def test_an_upload_that_breaks_off_may_be_tried_again(stage: Stage) -> None:
    alice = await stage.connected("alice")
    upload = (await alice.call("media.create", content_type="image/png", size=len(PNG)))["upload"]
    path = upload["url"].removeprefix(HOST)
    await hang_up(stage.rig, path, {"Content-Length": str(len(PNG))}, PNG[:100], method="PUT")
    assert stage.rig.files(stage.nodes.service.sid) == []
    assert (await stage.put(upload)).status_code == 204


async def test_one_upload_at_a_time(stage: Stage) -> None:
    alice = await stage.connected("alice")
    upload = (await alice.call("media.create", content_type="image/png", size=len(PNG)))["upload"]
    begun, rest = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PNG[:100]
        begun.set()
        await rest.wait()
        yield PNG[100:]

    first = asyncio.create_task(stage.put(upload, slow()))
    await begun.wait()
    assert refusal(await stage.put(upload, b"x" * len(PNG))) == (409, 20409)
    rest.set()
    assert (await first).status_code == 204


async def test_an_upload_needs_its_link(stage: Stage) -> None:
    alice = await stage.connected("alice")
    made = await alice.call("media.create", content_type="image/png", size=len(PNG))
    url: str = made["upload"]["url"]
    content = url.replace("/media-upload/", "/media-content/")
    assert refusal(await stage.http.get(content)) == (403, 20403)
    assert refusal(await stage.http.put(url[:-1] + "!", content=PNG)) == (403, 20403)
    assert refusal(await stage.http.get(url)) == (405, 20004)
    stage.rig.clock.ahead = timedelta(minutes=16)
    try:
        assert refusal(await stage.http.put(url, content=PNG)) == (403, 20403)
    finally:
        stage.rig.clock.ahead = timedelta()
    assert (await stage.http.post(url, content=PNG)).status_code == 204
