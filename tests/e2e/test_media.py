"""Files through real nodes: memory, two nodes behind one store, and the media clients of the Twilio SDKs."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest_asyncio
from twilio.rest import Client

from tests.support.cluster import Cluster
from tests.support.patience import PATIENCE, until

from .people import People, Person
from .tokens import ACCOUNT, AUTH_TOKEN, SERVICE, access_token

MEDIA = f"/v1/Services/{SERVICE}/Media"
LARGE = 64 * 1024 * 1024
ROOM = 32 * 1024 * 1024  # for everything a node does meanwhile, too
_JS = Path(__file__).with_name("js")


@pytest_asyncio.fixture(loop_scope="session")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(auth=(ACCOUNT, AUTH_TOKEN), timeout=PATIENCE) as client:
        yield client


def peak(cluster: Cluster, node: int) -> int:
    """Most memory the node ever had, in bytes."""
    pid = cluster.pid_of(cluster.nodes[node].name)
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def files(cluster: Cluster) -> set[Path]:
    return {path for path in (cluster.data_dir / "media").rglob("*") if path.is_file()}


async def large(piece: bytes = bytes(range(256)) * 256) -> AsyncIterator[bytes]:
    for _ in range(LARGE // len(piece)):
        yield piece


async def test_a_large_file_passes_without_filling_the_memory(shared_cluster: Cluster, http: httpx.AsyncClient) -> None:
    one, other = (node.url for node in shared_cluster.nodes)
    await http.post(f"{one}{MEDIA}", content=b"warm")  # what is loaded at first use does not count
    before = [peak(shared_cluster, node) for node in (0, 1)]
    headers = {"Content-Type": "video/mp4", "Content-Length": str(LARGE)}
    response = await http.post(f"{one}{MEDIA}", content=large(), headers=headers)
    assert (response.status_code, response.json()["size"]) == (201, LARGE)
    received, digest = 0, hashlib.sha256()
    link = response.json()["links"]["content_direct_temporary"].replace(one, other)
    async with httpx.AsyncClient(timeout=PATIENCE) as nobody, nobody.stream("GET", link) as download:
        async for piece in download.aiter_raw():
            received += len(piece)
            digest.update(piece)
    assert received == LARGE
    assert digest.digest() == hashlib.sha256(b"".join([piece async for piece in large()])).digest()
    after = [peak(shared_cluster, node) for node in (0, 1)]
    assert [now - then < ROOM for then, now in zip(before, after, strict=True)] == [True, True], (before, after)
    await http.delete(f"{one}{MEDIA}/{response.json()['sid']}")


async def test_a_file_over_the_limit_is_told_so(shared_cluster: Cluster, http: httpx.AsyncClient) -> None:
    headers = {"Content-Length": str(151 * 1024 * 1024)}
    reader, writer = await asyncio.open_connection("127.0.0.1", int(shared_cluster.url.rpartition(":")[2]))
    request = http.build_request("POST", f"{shared_cluster.url}{MEDIA}", headers=headers)
    authorization = httpx.BasicAuth(ACCOUNT, AUTH_TOKEN)._auth_header
    lines = [f"POST {MEDIA} HTTP/1.1", f"Authorization: {authorization}"]
    lines += [f"{name}: {request.headers[name]}" for name in ("host", "content-length")]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(PATIENCE):  # not a byte of the body was sent
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readuntil(b"}")
    writer.close()
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["code"] == 50512


async def test_a_client_that_hangs_up_leaves_nothing(shared_cluster: Cluster) -> None:
    before = files(shared_cluster)
    port = int(shared_cluster.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = [f"POST {MEDIA} HTTP/1.1", "Host: x", f"X-Twilio-Token: {access_token('alice')}", "Content-Length: 9000000"]
    writer.write("\r\n".join([*head, "", ""]).encode() + b"x" * 5_000_000)
    await writer.drain()
    await until(lambda: files(shared_cluster) != before)
    writer.transport.abort()
    await until(lambda: files(shared_cluster) == before)


async def test_a_file_of_a_native_client(people: People, kind: str) -> None:
    """Announced and brought at one node, fetched by somebody at the other; links lead the way their owner came."""
    alice, bob, channel = await people.pair(kind)
    content = "žluťoučký kůň".encode()
    made = await alice.call("media.create", content_type="text/plain", size=len(content), filename="kůň.txt")
    upload = made["upload"]
    async with httpx.AsyncClient(timeout=PATIENCE) as nobody:
        assert upload["url"].startswith(f"http://{_authority(alice)}/media-upload/")
        response = await nobody.request(upload["method"], upload["url"], headers=upload["headers"], content=content)
        assert response.status_code == 204
        sent = await alice.call("message.send", channel=channel, media_sid=made["media"]["sid"])
        heard = await bob.feed.event(f"chat:{channel}", "message.added")
        assert heard["message"]["media"] == sent["message"]["media"] == made["media"]
        link = await bob.call("media.url", channel=channel, index=0)
        assert link["url"].startswith(f"http://{_authority(bob)}/media-content/")
        response = await nobody.get(link["url"])
    assert (response.content, response.headers["content-type"]) == (content, "text/plain")
    assert "filename*=UTF-8''k%C5%AF%C5%88.txt" in response.headers["content-disposition"]


def _authority(person: Person) -> str:
    return urlsplit(person.proxy.websocket).netloc


async def test_a_message_of_the_official_server_library(shared_cluster: Cluster, http: httpx.AsyncClient) -> None:
    url = shared_cluster.nodes[1].url
    files = {"file": ("car.jpg", b"jpeg", "image/jpeg")}
    record = (await http.post(f"{url}/mcs{MEDIA}", files=files)).json()
    shown = {"sid": record["sid"], "size": 4, "content_type": "image/jpeg", "filename": "car.jpg"}

    def talk() -> None:
        client: Any = Client(ACCOUNT, AUTH_TOKEN)  # Any: the library is not typed
        client.chat.base_url = url
        service = client.chat.v2.services(SERVICE)
        channel = service.channels(service.channels.create().sid)
        message = channel.messages.create(media_sid=record["sid"])
        assert (message.type, message.body, message.media) == ("media", None, shown)
        assert channel.messages(message.sid).delete() is True
        assert channel.delete() is True

    await asyncio.to_thread(talk)
    assert (await http.get(f"{url}/mcs{MEDIA}/{record['sid']}")).status_code == 404


async def test_the_media_clients_of_the_sdks(shared_cluster: Cluster) -> None:
    argv = ("media.mjs", access_token("alice"), f"{shared_cluster.url}{MEDIA}", access_token("bob"))
    process = await asyncio.create_subprocess_exec("node", *argv, cwd=_JS, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()
    assert process.returncode == 0
    seen = json.loads(output)
    newer, older = seen["newer"], seen["older"]
    assert newer["same"] is True
    state = {name: newer["state"][name] for name in ("size", "contentType", "filename", "author", "category")}
    assert state == {
        "size": 8,
        "contentType": "image/png",
        "filename": "kůň.png",
        "author": "alice",
        "category": "media",
    }
    assert newer["cached"] == newer["content"] == "\0binary\xff"
    assert newer["type"] == "image/png"
    assert [newer[name]["code"] for name in ("missing", "foreign", "expired")] == [20404, 20404, 20160]
    assert (older["state"]["contentType"], older["state"]["size"], older["content"]) == ("text/plain", 5, "hello")
