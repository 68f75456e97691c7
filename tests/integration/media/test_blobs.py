"""Every kind of media store keeps the same promises."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from chatcore.blobs.store import ObjectBlobs
from chatcore.domain.errors import ChatError, Code
from chatcore.ports.blobs import BlobHeaders, BlobMissing

from .rig import pieces
from .s3 import Bucket, running_bucket

KEY = "IS1/7f/ME1"
HEADERS = BlobHeaders(content_type="image/png", content_disposition='inline; filename="a.png"')


@dataclass(slots=True)
class Place:
    blobs: ObjectBlobs
    folder: Path | None = None
    bucket: Bucket | None = None

    def kept(self) -> list[str]:
        """Names of whatever is there, halves of files included."""
        if self.folder is not None:
            return sorted(str(p.relative_to(self.folder)) for p in self.folder.rglob("*") if p.is_file())
        assert self.bucket is not None
        keys = [key.removeprefix("/files/below/") for key in self.bucket.objects]
        return sorted([*keys, *self.bucket.parts])


@pytest_asyncio.fixture(params=["folder", "bucket"], loop_scope="package")
async def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Place]:
    if request.param == "folder":
        folder = tmp_path / "not there" / "media"
        yield Place(await ObjectBlobs.open(f"file://{folder}"), folder=folder)
        return
    async with running_bucket() as bucket:
        for name, value in (
            ("AWS_ENDPOINT_URL", bucket.url),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
        ):
            monkeypatch.setenv(name, value)
        yield Place(await ObjectBlobs.open("s3://files/below"), bucket=bucket)


async def read(blobs: ObjectBlobs, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in blobs.read(KEY, start, end)])


@pytest.mark.parametrize("count", [0, 1, 3, 200])
async def test_what_is_put_is_read(place: Place, count: int) -> None:
    whole = b"".join([piece async for piece in pieces(count)])
    await place.blobs.put(KEY, pieces(count), HEADERS)
    assert place.kept() == [KEY]
    assert await read(place.blobs, 0, len(whole)) == whole
    assert await read(place.blobs, 100, len(whole) - 100) == whole[100:-100]
    assert await read(place.blobs, 5, 5) == b""


async def test_large_files_come_and_go_in_pieces(place: Place) -> None:
    await place.blobs.put(KEY, pieces(300), HEADERS)
    largest = max([len(piece) async for piece in place.blobs.read(KEY, 0, 300 * 64 * 1024)])
    assert largest <= 4 * 1024 * 1024
    if place.bucket is not None:
        assert 0 < place.bucket.largest_part <= 5 * 1024 * 1024 + 64 * 1024


@pytest.mark.parametrize("count", [0, 2, 200])
async def test_what_breaks_off_leaves_nothing(place: Place, count: int) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(count):
            yield piece
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await place.blobs.put(KEY, broken(), HEADERS)
    assert place.kept() == []


async def test_what_is_cancelled_leaves_nothing(place: Place) -> None:
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        async for piece in pieces(200):
            yield piece
        begun.set()
        await asyncio.Event().wait()

    putting = asyncio.create_task(place.blobs.put(KEY, slow(), HEADERS))
    await begun.wait()
    assert place.kept() != []
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert place.kept() == []


async def test_what_is_not_there(place: Place) -> None:
    with pytest.raises(BlobMissing):
        await read(place.blobs, 0, 5)
    await place.blobs.delete([KEY, "IS1/7f/ME2"])
    await place.blobs.delete([])


async def test_what_is_deleted_is_gone(place: Place) -> None:
    keys = [f"IS1/7f/ME{number}" for number in range(25)]
    for key in keys:
        await place.blobs.put(key, pieces(1), HEADERS)
    await place.blobs.delete(keys[1:])
    assert place.kept() == [keys[0]]


@pytest.mark.parametrize(
    "key", ["", "..", "../ME1", "IS1/../../ME1", "/ME1", "IS1//ME1", "IS1/ME1\n", "IS1/ME%2e", "é"]
)
async def test_only_words_are_keys(place: Place, key: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await place.blobs.put(key, pieces(1), HEADERS)
    with pytest.raises(ValueError, match="not a key"):
        await place.blobs.delete([key])
    with pytest.raises(ValueError, match="not a key"):
        await anext(place.blobs.read(key, 0, 5))
    assert place.kept() == []


@pytest.mark.parametrize("place", ["folder"], indirect=True)
async def test_a_folder_is_its_owners_and_hands_out_no_links(place: Place) -> None:
    assert place.folder is not None
    assert place.folder.stat().st_mode & 0o777 == 0o700
    assert await place.blobs.link(KEY, timedelta(seconds=300)) is None
    place.folder.chmod(0o750)
    await ObjectBlobs.open(f"file://{place.folder}")
    assert place.folder.stat().st_mode & 0o777 == 0o750


@pytest.mark.parametrize("place", ["bucket"], indirect=True)
async def test_a_bucket_hands_out_files_as_they_are_to_be_shown(place: Place) -> None:
    assert place.bucket is not None
    for count in (1, 200):
        await place.blobs.put(KEY, pieces(count), HEADERS)
        assert place.bucket.headers[f"/files/below/{KEY}"] == {
            "content-type": HEADERS.content_type,
            "content-disposition": HEADERS.content_disposition,
        }
    link = await place.blobs.link(KEY, timedelta(seconds=300))
    assert link is not None
    assert link.startswith(f"{place.bucket.url}/files/below/{KEY}?")
    assert "X-Amz-Expires=300" in link
    own = await ObjectBlobs.open("s3://files/below?links=gateway")
    assert await own.link(KEY, timedelta(seconds=300)) is None


@pytest.mark.parametrize("place", ["bucket"], indirect=True)
async def test_a_bucket_that_refuses_is_away(place: Place) -> None:
    assert place.bucket is not None
    place.bucket.failing = True
    for attempt in (place.blobs.put(KEY, pieces(1), HEADERS), read(place.blobs, 0, 5), place.blobs.delete([KEY])):
        with pytest.raises(ChatError) as refused:
            await attempt
        assert refused.value.code is Code.UNAVAILABLE


@pytest.mark.parametrize("url", ["file://relative", "s3://", "az://container?x=y", "file:///proc/nowhere/media"])
async def test_what_cannot_be_opened_says_why(url: str) -> None:
    with pytest.raises(ChatError) as refused:
        await ObjectBlobs.open(url)
    assert refused.value.code is Code.UNAVAILABLE
    assert refused.value.message.startswith("CHAT_MEDIA_URL: ")
    assert "\n" not in refused.value.message


@pytest.mark.parametrize("place", ["folder"], indirect=True)
async def test_a_folder_without_room_is_away(place: Place) -> None:
    """A file stands where a folder has to be made."""
    assert place.folder is not None
    (place.folder / "IS1").write_bytes(os.urandom(1))
    with pytest.raises(ChatError) as refused:
        await place.blobs.put(KEY, pieces(1), HEADERS)
    assert refused.value.code is Code.UNAVAILABLE
