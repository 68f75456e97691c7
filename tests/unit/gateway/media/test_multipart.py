from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

import pytest

from gateway.http.errors import HttpError
from gateway.media.multipart import FIELD_BYTES, FilePart, PartHead

TYPE = "multipart/form-data; boundary=XX"


def part(headers: str, data: bytes = b"bytes") -> bytes:
    return b"--XX\r\n" + headers.encode() + b"\r\n\r\n" + data + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--XX--\r\n"


def file(name: str = 'filename="a.png"', data: bytes = b"bytes", kind: str = "image/png") -> bytes:
    return part(f'Content-Disposition: form-data; name="file"; {name}\r\nContent-Type: {kind}', data)


FIELD = part('Content-Disposition: form-data; name="note"', b"text")


async def pieces(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def read(body: bytes, step: int = 0, kind: str = TYPE) -> tuple[PartHead, bytes]:
    chunks = [body[at : at + step] for at in range(0, len(body), step)] if step else [body]
    reader = FilePart(kind, pieces(chunks))
    head = await reader.head()
    return head, b"".join([chunk async for chunk in reader.chunks()])


async def refused(body: bytes, kind: str = TYPE) -> str:
    with pytest.raises(HttpError) as caught:
        await read(body, kind=kind)
    assert (caught.value.status, caught.value.code) == (400, 20001)
    return caught.value.message


@pytest.mark.parametrize("step", [0, 1, 2, 3, 7, 64])
async def test_a_file_is_read_however_it_is_cut(step: int) -> None:
    data = b"\r\n--X\r\n--XY" + bytes(range(256))
    assert await read(form(FIELD, file(data=data), FIELD), step) == (PartHead("image/png", "a.png"), data)


async def test_an_empty_file() -> None:
    assert await read(form(file(data=b""))) == (PartHead("image/png", "a.png"), b"")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ('filename="kůň.png"', "kůň.png"),
        ('filename="say %22hi%22.png"', 'say "hi".png'),
        ("filename*=UTF-8''k%C5%AF%C5%88.png", "kůň.png"),
        ("filename=\"k.png\"; filename*=utf-8'cs'k%C5%AF%C5%88.png", "kůň.png"),
        ('filename=""', ""),
    ],
)
async def test_names_in_every_spelling(given: str, name: str) -> None:
    assert (await read(form(file(given))))[0].filename == name


async def test_a_name_that_is_not_utf8_keeps_its_bytes_apart() -> None:
    body = form(file()).replace(b"a.png", b"\xe9.png")
    assert (await read(body))[0].filename == "\udce9.png"


async def test_a_part_with_a_type_is_a_file_without_a_name() -> None:
    body = form(part('Content-Disposition: form-data; name="file"\r\nContent-Type: text/plain'))
    assert await read(body) == (PartHead("text/plain", None), b"bytes")


async def test_a_name_without_a_type_is_a_file() -> None:
    body = form(part('Content-Disposition: form-data; name="file"; filename="a"'))
    assert await read(body) == (PartHead("", "a"), b"bytes")


async def test_a_form_without_a_file_is_refused() -> None:
    assert "no file" in await refused(form(FIELD, FIELD))


async def test_a_second_file_is_refused() -> None:
    assert "more than one" in await refused(form(file(), file()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        form(file())[:-8],
        file(),
        b"--YY\r\n" + form(file()),
        form(file()).replace(b"\r\n\r\n", b"\r\n"),
    ],
)
async def test_malformed_bodies_are_refused(body: bytes) -> None:
    await refused(body)


NO_BOUNDARY = ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; x=y"]


@pytest.mark.parametrize("kind", [*NO_BOUNDARY, "multipart/form-data; boundary=XX" + ";" * 1024])
async def test_a_boundary_is_needed(kind: str) -> None:
    await refused(form(file()), kind)


async def test_what_is_not_the_file_is_bounded() -> None:
    large = part('Content-Disposition: form-data; name="note"', b"x" * (FIELD_BYTES + 1))
    assert "fields" in await refused(form(large, file()))
    assert "fields" in await refused(form(file(), large))
    await refused(form(file(f'filename="{"x" * 10_000}"')))
    await refused(form(part("".join(f"X-{n}: y\r\n" for n in range(1000)) + "Content-Type: text/plain")))


async def test_a_body_is_never_held_whole() -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        yield form(file())[: -len(b"bytes\r\n--XX--\r\n")]
        for _ in range(100):
            given += 1
            yield b"x" * 1000
        yield b"\r\n--XX--\r\n"

    reader = FilePart(TYPE, endless())
    await reader.head()
    taken = 0
    async for chunk in reader.chunks():
        taken += len(chunk)
        assert given * 1000 - taken <= 1000
    assert taken == 100_000
