"""Bytes go out, whole or in part, and to nobody else."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from chatcore.blobs.store import ObjectBlobs
from chatcore.domain.ids import new_sid

from .rig import PNG, Caller, build_rig, link_of, pieces, refusal


async def test_content_says_what_it_is(server: Caller) -> None:
    record = await server.upload(Filename="kůň.png")
    for url in (record["links"]["content"], link_of(record)):
        response = await server.http.get(url)
        assert (response.status_code, response.content) == (200, PNG)
        assert response.headers["content-type"] == "image/png"
        assert response.headers["content-length"] == str(len(PNG))
        assert (
            response.headers["content-disposition"]
            == "inline; filename=\"k__.png\"; filename*=UTF-8''k%C5%AF%C5%88.png"
        )
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["accept-ranges"] == "bytes"
        assert response.headers["cache-control"].startswith("private, max-age=")
        assert parsedate_to_datetime(response.headers["last-modified"]).tzinfo is not None
        assert "content-security-policy" not in response.headers
        assert "etag" not in response.headers


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/javascript", "x/unknown"])
async def test_what_could_run_is_locked_up(server: Caller, kind: str) -> None:
    record = await server.upload(b"<script>alert(1)</script>", kind)
    response = await server.http.get(link_of(record))
    assert response.headers["content-type"] == kind
    assert response.headers["content-disposition"] == "attachment"
    assert response.headers["content-security-policy"].endswith("; sandbox")
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=5-", 5, len(PNG)),
        ("bytes=-5", len(PNG) - 5, len(PNG)),
        ("bytes=-999999", 0, len(PNG)),
        ("bytes=5-999999", 5, len(PNG)),
        ("BYTES = 0-4", 0, 5),
    ],
)
async def test_a_range(server: Caller, asked: str, start: int, end: int) -> None:
    record = await server.upload()
    response = await server.http.get(record["links"]["content"], headers={"Range": asked})
    assert (response.status_code, response.content) == (206, PNG[start:end])
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/{len(PNG)}"
    assert response.headers["content-length"] == str(end - start)


@pytest.mark.parametrize(
    "asked", ["bytes=5-4", "bytes=-", "lines=0-4", "bytes=0-1,4-5", "bytes=a-b", "bytes", "bytes=0"]
)
async def test_a_range_that_means_nothing_is_ignored(server: Caller, asked: str) -> None:
    record = await server.upload()
    response = await server.http.get(link_of(record), headers={"Range": asked})
    assert (response.status_code, response.content) == (200, PNG)


@pytest.mark.parametrize("asked", [f"bytes={len(PNG)}-", "bytes=999999-9999999", "bytes=-0"])
async def test_a_range_behind_the_end_is_refused(server: Caller, asked: str) -> None:
    record = await server.upload()
    response = await server.http.get(link_of(record), headers={"Range": asked})
    assert refusal(response) == (416, 20001)
    assert response.headers["content-range"] == f"bytes */{len(PNG)}"


async def test_a_range_of_another_version_is_not_mixed_in(server: Caller) -> None:
    record = await server.upload()
    whole = await server.http.get(link_of(record))
    for condition, status in (
        (whole.headers["last-modified"], 206),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ('"x"', 200),
    ):
        headers = {"Range": "bytes=0-4", "If-Range": condition}
        assert (await server.http.get(link_of(record), headers=headers)).status_code == status


async def test_a_large_file_comes_in_pieces(server: Caller) -> None:
    response = await server.http.post(server.media, content=pieces(40))
    whole = b"".join([piece async for piece in pieces(40)])
    assert (await server.http.get(response.json()["links"]["content"])).content == whole
    part = await server.http.get(link_of(response.json()), headers={"Range": "bytes=100000-2000000"})
    assert part.content == whole[100_000:2_000_001]


async def test_a_link_needs_no_credentials_and_expires(server: Caller) -> None:
    record = await server.upload()
    async with server.rig.http() as nobody:
        response = await nobody.get(link_of(record))
        assert (response.status_code, response.content) == (200, PNG)
        assert 290 <= int(response.headers["cache-control"].split("=")[1].split(",")[0]) <= 300
        head = await nobody.head(link_of(record))
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(PNG)))
        for url in (link_of(record)[:-1] + "!", link_of(record).partition("?")[0]):
            assert refusal(await nobody.get(url)) == (403, 20403)
        other = link_of(record).replace(record["sid"], new_sid("ME"))
        assert refusal(await nobody.get(other)) == (403, 20403)
        assert refusal(await nobody.put(link_of(record), content=b"x")) == (405, 20004)
        server.rig.clock.ahead = timedelta(seconds=301)
        try:
            assert refusal(await nobody.get(link_of(record))) == (403, 20403)
        finally:
            server.rig.clock.ahead = timedelta()


async def test_content_itself_needs_them(server: Caller, stranger: Caller) -> None:
    record = await server.upload()
    async with server.rig.http() as nobody:
        assert refusal(await nobody.get(record["links"]["content"])) == (401, 20003)
    assert refusal(await stranger.http.get(record["links"]["content"])) == (404, 20404)


class _HandingOut(ObjectBlobs):
    """A store that hands out files itself."""

    async def link(self, key: str, lifetime: timedelta) -> str | None:
        return f"https://store.test/{key}?for={lifetime.total_seconds():g}"


async def test_a_store_that_hands_out_files_is_linked_to(server: Caller) -> None:
    rig = build_rig(server.rig.store, server.rig.folder, blobs=_HandingOut.of_folder(server.rig.folder))
    async with rig.http(auth=(server.account.sid, server.account.auth_token)) as http:
        record = (await http.post(server.media, content=PNG)).json()
        service, sid = server.account.service_sid, record["sid"]
        assert link_of(record) == f"https://store.test/{service}/{sid[-2:]}/{sid}?for=300"
        assert (await http.get(record["links"]["content"])).content == PNG


async def test_bytes_that_are_gone_are_not_found(server: Caller) -> None:
    record = await server.upload()
    (server.rig.folder / server.account.service_sid / record["sid"][-2:] / record["sid"]).unlink()
    assert refusal(await server.http.get(record["links"]["content"])) == (404, 20404)
    assert refusal(await server.http.get(link_of(record))) == (404, 20404)
