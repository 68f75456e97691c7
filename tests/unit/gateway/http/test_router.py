from __future__ import annotations

import pytest

from gateway.http.errors import HttpError
from gateway.http.router import Route, Router

ROUTER = Router(
    [
        Route("GET", "/v2/Services", "list"),
        Route("POST", "/v2/Services", "create"),
        Route("GET", "/v2/Services/{service}", "fetch"),
        Route("GET", "/v2/Services/{s}/Channels/{channel}", "channel"),
        Route("GET", "/v1/Conversations/Webhooks", "webhooks"),
        Route("GET", "/v1/Conversations/{c}", "conversation"),
        Route("GET", "/v1/Conversations/{c}/Messages", "messages"),
    ]
)


def match(method: str, path: str) -> tuple[str, dict[str, str]]:
    handler, params = ROUTER.match(method, path.strip("/").split("/"), path)
    return handler, dict(params)


@pytest.mark.parametrize(
    ("method", "path", "handler", "params"),
    [
        ("GET", "/v2/Services", "list", {}),
        ("POST", "/v2/Services", "create", {}),
        ("GET", "/v2/Services/IS1", "fetch", {"service": "IS1"}),
        ("GET", "/v2/Services/IS1/Channels/a b", "channel", {"s": "IS1", "channel": "a b"}),
        ("GET", "/v1/Conversations/Webhooks", "webhooks", {}),
        ("GET", "/v1/Conversations/CH1", "conversation", {"c": "CH1"}),
        ("GET", "/v1/Conversations/Webhooks/Messages", "messages", {"c": "Webhooks"}),
    ],
)
def test_a_request_finds_its_handler(method: str, path: str, handler: str, params: dict[str, str]) -> None:
    assert match(method, path) == (handler, params)


@pytest.mark.parametrize(
    "path", ["/v2", "/v2/services", "/V2/Services", "/v2/Services/IS1/Channels", "/v2/Services/a/b/c/d", "/v3/Services"]
)
def test_other_paths_are_not_found(path: str) -> None:
    with pytest.raises(HttpError) as error:
        match("GET", path)
    assert (error.value.status, error.value.code) == (404, 20404)
    assert path in error.value.message


def test_an_empty_segment_is_no_parameter() -> None:
    with pytest.raises(HttpError) as error:
        ROUTER.match("GET", ("v2", "Services", ""), "/")
    assert error.value.status == 404


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get"])
def test_other_methods_are_not_allowed(method: str) -> None:
    with pytest.raises(HttpError) as error:
        match(method, "/v2/Services")
    assert (error.value.status, error.value.code) == (405, 20004)
    assert error.value.headers["Allow"] == "GET, POST"


def test_two_routes_of_one_shape_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two routes"):
        Router([Route("GET", "/a/{x}", 1), Route("GET", "/a/{y}", 2)])
