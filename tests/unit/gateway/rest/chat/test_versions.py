from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.types import Message

from gateway.http.call import Call
from gateway.http.forms import Form
from gateway.rest.chat import event_urls
from gateway.rest.chat.version import Reads
from gateway.rest.chat.versions import V1, V2

from .samples import a_call, a_service


def call_with(form: dict[str, str]) -> Call:
    body = urlencode(form).encode()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    return replace(a_call(), request=Request({"type": "http", "method": "POST", "headers": headers}, receive))


async def test_version_1_reads_its_own_parameters_only() -> None:
    given = {"Body": "x", "MediaSid": "ME1", "From": "ann", "Attributes": ""}
    form = await V1.form(call_with(given), Reads.MESSAGE_CREATE)
    assert [name for name in given if name in form] == ["Body", "From", "Attributes"]
    assert form.text("Attributes") == ""
    form = await V1.form(call_with(given), Reads.MESSAGE_UPDATE)
    assert [name for name in given if name in form] == ["Body", "Attributes"]


async def test_version_2_reads_everything() -> None:
    given = {"Body": "x", "Anything": "else"}
    assert "Anything" in await V2.form(call_with(given), Reads.MESSAGE_CREATE)


@pytest.mark.parametrize("what", Reads)
def test_version_1_says_what_it_reads(what: Reads) -> None:
    assert V1.reads[what]


def test_event_urls_are_shown_in_small_letters() -> None:
    service = event_urls.changed(a_service(), Form([("Webhooks.OnMemberRemoved.Url", "http://x")]))
    assert event_urls.present(service.event_urls) == {
        "on_member_removed": {"url": "http://x", "method": "POST", "format": None}
    }
    assert event_urls.changed(service, Form()) == service
