"""Bodies that never end, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import Request
from starlette.types import Message

from gateway.http.errors import HttpError
from gateway.http.forms import BODY_TIME, MAX_BODY, read_body
from gateway.http.multipart import MAX_CONTENT_TYPE, parse_multipart
from tests.support.virtual_time import VirtualLoop

Receive = Callable[[], Awaitable[Message]]


async def refusal(receive: Receive) -> tuple[int, float]:
    """Its status, and after how many seconds it came."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    with pytest.raises(HttpError) as refused:
        await read_body(Request({"type": "http", "method": "POST", "headers": []}, receive), MAX_BODY)
    return refused.value.status, loop.time() - started


def virtually(receive: Receive) -> tuple[int, float]:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(refusal(receive))


def test_a_body_that_trickles_is_given_up() -> None:
    async def trickle() -> Message:
        await asyncio.sleep(1)
        return {"type": "http.request", "body": b"x", "more_body": True}

    status, seconds = virtually(trickle)
    assert status == 408
    assert BODY_TIME <= seconds < BODY_TIME + 1


def test_a_client_that_goes_is_no_failure() -> None:
    async def go() -> Message:
        return {"type": "http.disconnect"}

    assert virtually(go) == (400, 0.0)


@pytest.mark.parametrize("tail", [";" * 1_000_000, '; a="' + ";a" * 500_000])
def test_a_type_of_a_megabyte_is_not_parsed(tail: str) -> None:
    with pytest.raises(HttpError) as refused:
        parse_multipart("multipart/form-data; boundary=b" + tail, b"--b--\r\n", 10)
    assert refused.value.status == 400
    fits = "multipart/form-data; boundary=b; c=".ljust(MAX_CONTENT_TYPE, "x")
    assert parse_multipart(fits, b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n', 10) == [
        ("a", "1")
    ]
