from __future__ import annotations

from dataclasses import replace

import pytest

from chatcore.domain.errors import ChatError
from gateway.http.errors import HttpError
from gateway.http.forms import Form
from gateway.rest.chat.service_settings import changed

from .samples import a_service


def test_nothing_given_changes_nothing() -> None:
    service = a_service()
    assert changed(service, Form([("Unknown", "x"), ("friendlyname", "x")])) == service


def test_the_other_vocabularys_filters_survive() -> None:
    service = replace(a_service(), webhook_filters=("onMessageAdded", "onMessageSent", "onUserUpdated"))
    assert changed(service, Form([("WebhookFilters", "onChannelAdd")])).webhook_filters == (
        "onChannelAdd",
        "onMessageAdded",
    )
    assert changed(service, Form([("WebhookFilters", "")])).webhook_filters == ("onMessageAdded",)
    assert changed(a_service(), Form([("WebhookFilters", "")])).webhook_filters is None


@pytest.mark.parametrize(
    "url",
    ["http://localhost", "https://example.org:8443/a?b=c", "http://[::1]:80/", "https://user:pw@example.org/é"],
)
def test_absolute_urls_are_kept_as_given(url: str) -> None:
    assert changed(a_service(), Form([("PreWebhookUrl", url)])).pre_webhook_url == url


@pytest.mark.parametrize("url", ["http:/x", "//example.org", "http://", "http://:80", "http://x:0", "http://a\nb", "x"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(HttpError) as refused:
        changed(a_service(), Form([("PostWebhookUrl", url)]))
    assert (refused.value.status, refused.value.code) == (400, 50078)


def test_errors_are_reported_in_the_order_of_the_reference() -> None:
    names = {
        "FriendlyName": 50000,
        "TypingIndicatorTimeout": 50053,
        "ConsumptionReportInterval": 50052,
        "Notifications.InvitedToChannel.Enabled": 20001,
        "Notifications.NewMessage.Template": 50058,
        "Notifications.NewMessage.Sound": 50059,
        "PreWebhookUrl": 50077,
        "PostWebhookUrl": 50078,
        "WebhookMethod": 50055,
        "WebhookFilters": 50054,
        "Limits.ChannelMembers": 50061,
        "Limits.UserChannels": 50060,
        "PreWebhookRetryCount": 50065,
    }
    bad = dict.fromkeys(names, "x" * 3000) | {"FriendlyName": ""}
    codes = []
    for _ in names:
        with pytest.raises((HttpError, ChatError)) as refused:
            changed(a_service(), Form(reversed(bad.items())))
        assert isinstance(refused.value, HttpError | ChatError)
        codes.append(int(refused.value.code))
        del bad[next(iter(bad))]
    assert codes == list(names.values())
