from __future__ import annotations

import pytest

from chatcore.domain.errors import ChatError, Code
from gateway.http.errors import HttpError
from gateway.sdkhttp.dispatch import Call, Dispatcher
from gateway.sdkhttp.exchange import NO_CONTENT, SdkResponse, answer
from gateway.sdkhttp.routes import Route
from tests.support.virtual_time import LoopClock

from .stage import body_of, request


async def echo(call: Call) -> SdkResponse:
    rest = None if call.rest is None else list(call.rest.candidates)
    return answer({"params": call.params, "rest": rest}, 201)


async def fail(call: Call) -> SdkResponse:
    match call.params["how"]:
        case "http":
            raise HttpError(409, 20409, "taken")
        case "chat":
            raise ChatError(Code.CHANNEL_NOT_FOUND, "no channel")
        case "gone":
            return NO_CONTENT
    raise ZeroDivisionError("secret")


COUNTED: list[tuple[str, str]] = []


def dispatcher() -> Dispatcher:
    COUNTED.clear()
    routes = [
        Route("GET", "/things/{thing}", echo),
        Route("GET", "/users/{identity...}", echo),
        Route("POST", "/fail/{how}", fail),
    ]
    return Dispatcher(routes, LoopClock(), lambda name, outcome, _seconds: COUNTED.append((name, outcome)))


async def test_handlers_get_the_parts_of_the_path() -> None:
    found = await dispatcher()(request(method="GET", path="/things/a%20b"))
    assert (found.status, body_of(found)) == (201, {"params": {"thing": "a b"}, "rest": None})
    found = await dispatcher()(request(method="GET", path="/users/a%2Fb/c"))
    assert body_of(found) == {"params": {}, "rest": ["a/b/c", "a%2Fb/c"]}
    assert COUNTED == [("GET /users/{identity...}", "201")]


@pytest.mark.parametrize(
    ("how", "status", "code"), [("http", 409, 20409), ("chat", 404, 50300), ("crash", 500, 20500), ("gone", 204, None)]
)
async def test_what_a_handler_raises_is_an_answer(how: str, status: int, code: int | None) -> None:
    found = await dispatcher()(request(path=f"/fail/{how}"))
    assert found.status == status
    assert (body_of(found)["code"] if found.body is not None else None) == code
    assert b"secret" not in (found.body or b"")
    assert [("POST /fail/{how}", str(status))] == COUNTED


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/x", 404), ("PUT", "/things/1", 405)])
async def test_unknown_paths_are_counted_together(method: str, path: str, status: int) -> None:
    found = await dispatcher()(request(method=method, path=path))
    assert found.status == body_of(found)["status"] == status
    assert [("other", str(status))] == COUNTED
