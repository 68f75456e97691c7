from __future__ import annotations

import pytest

from gateway.rest.chat.versions import V1

from .samples import ACCOUNT, SERVICE, a_place


def test_urls_are_below_the_service_and_encoded() -> None:
    place = a_place()
    assert place.url() == f"https://chat.test/v2/Services/{SERVICE}"
    assert place.url("Users", "a/b c") == f"https://chat.test/v2/Services/{SERVICE}/Users/a%2Fb%20c"


@pytest.mark.parametrize(("header", "asked"), [("true", True), ("TRUE", True), ("false", False), ("", False)])
def test_webhooks_are_raised_only_where_asked_for(header: str, asked: bool) -> None:
    place = a_place({"x-twilio-webhook-enabled": header})
    assert place.webhook_actor.webhooks is asked
    assert place.actor.webhooks is False
    for actor in (place.actor, place.webhook_actor):
        assert (actor.account_sid, actor.service_sid, actor.identity) == (ACCOUNT, SERVICE, None)


def test_version_1_has_no_webhook_header() -> None:
    assert a_place({"x-twilio-webhook-enabled": "true"}, version=V1).webhook_actor.webhooks is False
