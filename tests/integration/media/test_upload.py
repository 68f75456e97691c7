"""Files come in, whole or not at all."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from chatcore.domain.ids import new_sid

from .conftest import ClientOf
from .rig import HOST, PNG, Caller, Rig, hang_up, pieces, refusal

BROKEN_NAME = b'--X\r\nContent-Disposition: form-data; name="f"; filename="\xff.png"\r\n\r\nx\r\n--X--\r\n'
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def unexpired(url: str) -> bool:
    return re.fullmatch(rf"{HOST}/media-content/ME[0-9a-f]{{32}}\?exp=\d+&sig=[\w-]{{43}}", url) is not None


async def test_raw_bytes(server: Caller) -> None:
    record = await server.upload(Filename="kůň.png", Category="history")
    url = f"{HOST}{server.media}/{record['sid']}"
    assert all(DATE.fullmatch(record.pop(name)) for name in ("date_created", "date_updated", "date_upload_updated"))
    assert unexpired(record["links"].pop("content_direct_temporary"))
    assert record == {
        "sid": record["sid"],
        "account_sid": server.account.sid,
        "service_sid": server.account.service_sid,
        "channel_sid": None,
        "message_sid": None,
        "size": len(PNG),
        "content_type": "image/png",
        "filename": "kůň.png",
        "author": None,
        "category": "history",
        "is_multipart_upstream": False,
        "url": url,
        "links": {"content": f"{url}/Content"},
    }
    assert (await server.http.get(f"{url}/Content")).content == PNG
    assert server.rig.files(server.account.service_sid) == [record["sid"]]


async def test_what_is_not_said_has_defaults(server: Caller) -> None:
    response = await server.http.post(server.media, content=b"abc", params={"Filename": "", "Category": ""})
    record = response.json()
    kept = [record[name] for name in ("content_type", "filename", "category", "size")]
    assert kept == ["application/octet-stream", None, "media", 3]


async def test_an_empty_file(server: Caller) -> None:
    record = await server.upload(b"")
    assert record["size"] == 0
    response = await server.http.get(record["links"]["content"])
    assert (response.status_code, response.content) == (200, b"")


async def test_the_file_of_a_form(server: Caller) -> None:
    files: Any = {"file": ("car.jpg", PNG, "image/jpeg")}  # Any: httpx's own
    response = await server.http.post(server.media, files=files, data={"note": "x"}, params={"Category": "body"})
    record = response.json()
    assert response.status_code == 201
    kept = [record[name] for name in ("content_type", "filename", "category", "is_multipart_upstream", "size")]
    assert kept == ["image/jpeg", "car.jpg", "body", True, len(PNG)]
    assert (await server.http.get(record["links"]["content"])).content == PNG


async def test_the_query_names_the_file_of_a_form(server: Caller) -> None:
    response = await server.http.post(server.media, files={"f": ("a.bin", b"x")}, params={"Filename": "b.bin"})
    assert response.json()["filename"] == "b.bin"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"params": {"Category": "nonsense"}}, 20001),
        ({"params": {"Filename": "a\0b"}}, 20001),
        ({"headers": {"Content-Type": "image"}}, 50511),
        ({"headers": {"Content-Type": "*/*"}}, 50511),
        ({"headers": {"Content-Type": "multipart/form-data"}}, 20001),
        ({"files": {"f": ("a", b"x", "nonsense")}, "content": None}, 50511),
        ({"headers": {"Content-Type": "multipart/form-data; boundary=X"}, "content": BROKEN_NAME}, 20001),
        ({"headers": {"Content-Type": "multipart/form-data; boundary=X"}}, 20001),
    ],
)
async def test_what_cannot_be_taken_is_refused_and_leaves_nothing(
    server: Caller, request_: dict[str, Any], code: int
) -> None:
    assert await server.refused("POST", "", **{"content": b"abc", **request_}) == (400, code)
    await nothing_is_left(server)


async def nothing_is_left(caller: Caller) -> None:
    assert await caller.rig.records(caller.account.service_sid) == []
    assert caller.rig.files(caller.account.service_sid) == []


async def limit_to_one_megabyte(caller: Caller) -> None:
    statement = "UPDATE services SET media_size_limit_mb = 1 WHERE sid = $1"
    await caller.rig.store.pool.execute(statement, caller.account.service_sid)


async def test_a_file_of_the_largest_size_is_taken(server: Caller) -> None:
    await limit_to_one_megabyte(server)
    assert (await server.upload(b"x" * 1024 * 1024))["size"] == 1024 * 1024


async def test_an_announced_size_over_the_limit_is_refused_without_reading(server: Caller) -> None:
    await limit_to_one_megabyte(server)
    read = 0

    async def body() -> Any:  # Any: what httpx takes
        nonlocal read
        async for piece in pieces(17):
            read += 1
            yield piece

    headers = {"Content-Length": str(17 * 64 * 1024), "Content-Type": "image/png"}
    assert await server.refused("POST", "", content=body(), headers=headers) == (413, 50512)
    assert read == 0
    await nothing_is_left(server)


async def test_a_body_that_grows_over_the_limit_is_refused(server: Caller) -> None:
    await limit_to_one_megabyte(server)
    assert await server.refused("POST", "", content=pieces(17)) == (413, 50512)
    await nothing_is_left(server)


async def test_the_file_of_a_form_may_not_be_larger_either(server: Caller) -> None:
    await limit_to_one_megabyte(server)
    assert await server.refused("POST", "", files={"f": ("a", b"x" * (1024 * 1024 + 1))}) == (413, 50512)
    assert await server.refused("POST", "", files={"f": ("a", b"x" * (3 * 1024 * 1024))}) == (413, 50512)
    response = await server.http.post(server.media, files={"f": ("a", b"x" * 1024 * 1024)})
    assert response.status_code == 201
    assert len(await server.rig.records(server.account.service_sid)) == 1


async def test_an_upload_that_breaks_off_leaves_nothing(rig: Rig, server: Caller) -> None:
    credentials = httpx.BasicAuth(server.account.sid, server.account.auth_token)._auth_header
    headers = {"Authorization": credentials, "Content-Type": "image/png", "Content-Length": "5000000"}
    assert await hang_up(rig, server.media, headers, b"x" * 3_000_000) == []
    form = {**headers, "Content-Type": "multipart/form-data; boundary=X"}
    head = b'--X\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n'
    assert await hang_up(rig, server.media, form, head + b"x" * 3_000_000) == []
    await nothing_is_left(server)


@pytest.mark.parametrize("mount", ["/mcs", ""])
async def test_clients_upload_under_their_name(client_of: ClientOf, mount: str) -> None:
    alice = await client_of("alice")
    alice.mount = mount
    record = await alice.upload(Filename="a.png")
    assert (record["author"], record["account_sid"]) == ("alice", alice.account.sid)
    assert unexpired(record["links"]["content_direct_temporary"])
    assert await alice.get(record["sid"]) == record | {"links": (await alice.get(record["sid"]))["links"]}


async def test_the_service_must_be_ones_own(server: Caller, stranger: Caller, client_of: ClientOf) -> None:
    alice = await client_of("alice")
    for caller in (server, alice):
        for sid in (stranger.account.service_sid, new_sid("IS"), "nonsense"):
            response = await caller.http.post(f"/mcs/v1/Services/{sid}/Media", content=b"x")
            assert refusal(response) == (404, 20404)


async def test_a_large_file(server: Caller) -> None:
    record = (await server.http.post(server.media, content=pieces(1024))).json()
    assert record["size"] == 64 * 1024 * 1024
    tail = {"Range": "bytes=-65537"}
    response = await server.http.get(record["links"]["content"], headers=tail)
    assert response.content == bytes([254]) + bytes([255]) * 65536
