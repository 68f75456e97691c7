"""The published vectors, and the official validator as a second judge."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from chatcore.webhooks.signature import signature

TOKEN = "0123456789abcdef0123456789abcdef"
BODY = "0" * 31 + "1"
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


def test_a_form_in_the_body() -> None:
    parameters = {
        "EventType": "onMessageSent",
        "AccountSid": f"AC{BODY}",
        "InstanceSid": f"IS{BODY}",
        "Source": "SDK",
        "ClientIdentity": "alice",
        "RetryCount": "0",
        "MessageSid": f"IM{BODY}",
        "Index": "2",
        "ChannelSid": f"CH{BODY}",
        "Body": "this is a test",
        "Attributes": "{}",
        "From": "alice",
        "DateCreated": "2020-10-07T22:16:34.757Z",
    }
    url = "https://app.example.com/hooks/chat?env=prod"
    assert signature(TOKEN, url, parameters.items()) == "ML8OfRvONO0WsNwTfAwLY0fSPBg="


def test_everything_in_the_url() -> None:
    url = "https://app.example.com/hooks/chat?env=prod&EventType=onMessageSent&Body=this+is+a+test&Attributes=%7B%7D"
    assert signature(TOKEN, url) == "Xh//9FAMxeFwTxBLgsJmiFpHS8o="


def test_the_vector_of_the_documentation() -> None:
    parameters = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Caller", "+14158675309"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
    ]
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert signature("12345", url, parameters) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_a_repeated_name_counts_with_its_distinct_values_in_order() -> None:
    url = "https://example.com/"
    assert signature(TOKEN, url, [("A", "2"), ("A", "1"), ("A", "2")]) == signature(TOKEN, url + "A1A2")


@given(st.dictionaries(TEXT.filter(bool), TEXT), TEXT)
def test_the_official_validator_agrees(parameters: dict[str, str], auth_token: str) -> None:
    validator = RequestValidator(auth_token)
    url = "https://example.com/hook"
    assert signature(auth_token, url, parameters.items()) == validator.compute_signature(url, parameters)
