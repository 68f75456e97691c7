from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.http.errors import HttpError
from gateway.sdkhttp.routes import Route, Router, decode

ROUTER = Router(
    [
        Route("GET", "/Client/v1/Users", "users"),
        Route("GET", "/Client/v1/Users/{identity...}", "user"),
        Route("POST", "/Client/v1/Users/{identity...}", "update user"),
        Route("GET", "/Client/v1/Conversations/{key}", "channel"),
        Route("DELETE", "/Client/v1/Conversations/{key}", "delete channel"),
        Route("GET", "/Client/v1/Conversations/{key}/Participants", "members"),
        Route("POST", "/Client/v1/Conversations/{key}/Participants/{sid}", "update member"),
        Route("DELETE", "/Client/v1/Conversations/{key}/Participants/{who...}", "remove member"),
        Route("GET", "/v3/Lists/{list}/Items", "items"),
        Route("GET", "/v3/Lists/special/Items", "special items"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "handler", "params"),
    [
        ("GET", "/Client/v1/Users", "users", {}),
        ("GET", "/Client/v1/Users/", "users", {}),
        ("GET", "/Client/v1/Conversations/general", "channel", {"key": "general"}),
        ("DELETE", "/Client/v1/Conversations/general/", "delete channel", {"key": "general"}),
        ("GET", "/Client/v1/Conversations/a%2Fb", "channel", {"key": "a/b"}),
        ("GET", "/Client/v1/Conversations/a%252Fb", "channel", {"key": "a%2Fb"}),
        ("GET", "/Client/v1/Conversations/a+b", "channel", {"key": "a+b"}),
        ("GET", "/Client/v1/Conversations/gr%C3%BC%C3%9Fe", "channel", {"key": "grüße"}),
        ("GET", "/Client/v1/Conversations/grüße", "channel", {"key": "grüße"}),
        ("GET", "/Client/v1/Conversations/100%", "channel", {"key": "100%"}),
        ("GET", "/%43lient/v1/Users", "users", {}),
        ("POST", "/Client/v1/Conversations/c/Participants/MB1", "update member", {"key": "c", "sid": "MB1"}),
        ("GET", "/v3/Lists/special/Items", "special items", {}),
        ("GET", "/v3/Lists/other/Items", "items", {"list": "other"}),
    ],
)
def test_segments_are_split_first_then_decoded_once(
    method: str, path: str, handler: str, params: dict[str, str]
) -> None:
    found = ROUTER.match(method, path)
    assert (found.route.handler, found.params, found.rest) == (handler, params, None)


@pytest.mark.parametrize(
    ("rest", "candidates"),
    [
        ("alice", ("alice",)),
        ("a/b", ("a/b",)),
        ("a%2Fb", ("a/b", "a%2Fb")),
        ("a/b%20c", ("a/b c", "a/b%20c")),
        ("a b", ("a b",)),
        ("a+b", ("a+b",)),
        ("a@b.example", ("a@b.example",)),
        ("o'neil", ("o'neil",)),
        ("grüße", ("grüße",)),
        ("100%", ("100%",)),
        ("%FF", ("%FF",)),
        ("%00", ("%00",)),
        ("a//b", ("a//b",)),
        ("/a", ("/a",)),
        ("a/Invites/b", ("a/Invites/b",)),
        ("Participants/x", ("Participants/x",)),
    ],
)
def test_the_rest_of_a_path_is_tried_decoded_then_as_it_came(rest: str, candidates: tuple[str, ...]) -> None:
    found = ROUTER.match("DELETE", f"/Client/v1/Conversations/c/Participants/{rest}")
    assert found.rest is not None
    assert (found.route.handler, found.params) == ("remove member", {"key": "c"})
    assert (found.rest.raw, found.rest.candidates) == (rest, candidates)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "//",
        "/Client",
        "/client/v1/Users",
        "/Client/v1/Nothing",
        "/Client//v1/Users",
        "//Client/v1/Users",
        "/Client/v1/Users//",
        "/Client/v1/Users?x=1",
        "/Client/v1/Conversations//Participants",
        "/Client/v1/Conversations/%FF",
        "/Client/v1/Conversations/%00",
        "/Client/v1/Conversations/a\x00b",
        "/Client/v1/Users/a\x00b",
        "/Client/v1/Conversations//Participants/x",
        "Client/v1/Nothing",
    ],
)
def test_what_has_no_route(path: str) -> None:
    for method in ("GET", "DELETE"):
        with pytest.raises(HttpError) as refused:
            ROUTER.match(method, path)
        assert (refused.value.status, refused.value.code) in ((404, 20404), (405, 20004))
    with pytest.raises(HttpError) as refused:
        ROUTER.match("GET", path)
    assert refused.value.status in (404, 405)


def test_the_wrong_method() -> None:
    with pytest.raises(HttpError) as refused:
        ROUTER.match("PUT", "/Client/v1/Conversations/general")
    assert (refused.value.status, refused.value.code) == (405, 20004)
    assert refused.value.headers["Allow"] == "DELETE, GET"


def test_the_method_decides_between_a_segment_and_the_rest() -> None:
    path = "/Client/v1/Conversations/c/Participants/MB1"
    assert ROUTER.match("POST", path).route.handler == "update member"
    assert ROUTER.match("DELETE", path).route.handler == "remove member"
    with pytest.raises(HttpError):
        ROUTER.match("POST", path + "/more")


@pytest.mark.parametrize(
    ("one", "other"), [("/a/{x}", "/a/{y}"), ("/a/{x...}", "/a/{y...}"), ("/a", "/a/")], ids=lambda value: value
)
def test_two_routes_of_one_shape(one: str, other: str) -> None:
    with pytest.raises(ValueError, match="two routes"):
        Router([Route("GET", one, 1), Route("GET", other, 2)])


def test_only_the_end_may_take_the_rest() -> None:
    with pytest.raises(ValueError, match="only the last"):
        Router([Route("GET", "/a/{x...}/b", 1)])


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_path_is_routed_or_refused(path: str) -> None:
    for attempt in (path, f"/Client/v1/Users/{path}", f"/Client/v1/Conversations/{path}/Participants/{path}"):
        try:
            found = ROUTER.match("GET", attempt)
        except HttpError:
            continue
        assert found.rest is None or found.rest.candidates
        assert "\x00" not in "".join(found.params.values())


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_decoding_yields_text_or_nothing(part: str) -> None:
    text = decode(part)
    assert text is None or text.encode().decode() == text
