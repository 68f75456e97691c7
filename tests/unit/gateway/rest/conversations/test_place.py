from __future__ import annotations

from starlette.responses import Response

from gateway.http.call import Call
from gateway.rest.conversations.place import both_forms

from .samples import ACCOUNT, BASE, SERVICE, a_place


def test_urls_keep_to_the_form_of_the_request() -> None:
    assert a_place().url("Users", "a b") == f"{BASE}/Users/a%20b"
    assert a_place(named=True).url("Users", "a b") == f"{BASE}/Services/{SERVICE}/Users/a%20b"
    assert a_place().service_url("Bindings") == f"{BASE}/Services/{SERVICE}/Bindings"


def test_some_resources_name_their_service_only_where_the_path_does() -> None:
    assert a_place().own_sid() == {}
    assert a_place(named=True).own_sid() == {"chat_service_sid": SERVICE}


def test_webhooks_are_asked_for_by_a_header() -> None:
    place = a_place({"x-twilio-webhook-enabled": "true"})
    assert place.webhook_actor.webhooks
    assert not place.actor.webhooks
    assert not a_place().webhook_actor.webhooks
    assert (place.actor.account_sid, place.actor.service_sid, place.actor.identity) == (ACCOUNT, SERVICE, None)


def test_one_table_makes_both_forms() -> None:
    async def handler(call: Call) -> Response:
        return Response()

    routes = both_forms("GET", "Users/{user}", handler)
    assert [(route.method, route.pattern) for route in routes] == [
        ("GET", "/v1/Users/{user}"),
        ("GET", "/v1/Services/{service}/Users/{user}"),
    ]
