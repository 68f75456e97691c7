from __future__ import annotations

from urllib.parse import parse_qsl

from twilio.request_validator import RequestValidator

from chatcore.ports.calls import Target
from chatcore.webhooks.request import signed

TOKEN = "secret"
PARAMETERS = [("EventType", "onMessageSent"), ("Body", "a & b = ü\n"), ("Attributes", "{}")]


def test_a_post_carries_a_form() -> None:
    request = signed(Target(url="https://example.com/a?b=c"), PARAMETERS, auth_token=TOKEN, token="t")
    assert (request.method, request.url) == ("POST", "https://example.com/a?b=c")
    assert request.body is not None
    assert parse_qsl(request.body.decode()) == PARAMETERS
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(TOKEN).validate(request.url, dict(PARAMETERS), signature)
    assert {name: value for name, value in request.headers.items() if name != "X-Twilio-Signature"} == {
        "Accept": "*/*",
        "User-Agent": "TwilioProxy/1.1",
        "I-Twilio-Idempotency-Token": "t",
        "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
    }


def test_a_get_carries_all_in_its_url() -> None:
    for url, begin in (("https://example.com/a", "?"), ("https://example.com/a?b=c", "&")):
        request = signed(Target(url=url, method="get"), PARAMETERS, auth_token=TOKEN, token="t")
        assert (request.method, request.body) == ("GET", None)
        assert request.url.startswith(url + begin)
        assert parse_qsl(request.url.removeprefix(url + begin)) == PARAMETERS
        assert RequestValidator(TOKEN).validate(request.url, {}, request.headers["X-Twilio-Signature"])
        assert "Content-Type" not in request.headers


def test_the_url_is_used_as_it_is_configured() -> None:
    url = "https://Example.com:443/%7Ea//b/../c?x=%2f&y"
    assert signed(Target(url=url), [], auth_token=TOKEN, token="t").url == url


def test_a_fragment_is_never_sent() -> None:
    request = signed(Target(url="https://example.com/a#b", method="GET"), [("c", "d")], auth_token=TOKEN, token="t")
    assert request.url == "https://example.com/a?c=d"
