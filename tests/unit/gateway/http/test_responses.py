from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from gateway.http.responses import created, deleted, iso_seconds, iso_seconds_or_none, json_response, new_request_id
from gateway.http.responses import stamp as stamped


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2015, 7, 30, 20, tzinfo=UTC), "2015-07-30T20:00:00Z"),
        (datetime(2015, 7, 30, 20, 0, 0, 999_999, tzinfo=UTC), "2015-07-30T20:00:00Z"),
        (datetime(2015, 7, 30, 20, tzinfo=timezone(timedelta(hours=2))), "2015-07-30T18:00:00Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_dates_have_whole_seconds_and_a_z(moment: datetime, text: str) -> None:
    assert iso_seconds(moment) == text
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)


def test_no_date_is_null() -> None:
    assert iso_seconds_or_none(None) is None


def test_bodies_are_json_with_the_status_of_their_operation() -> None:
    assert (json_response({"a": "é"}).status_code, created([]).status_code) == (200, 201)
    assert json.loads(bytes(json_response({"a": "é"}).body)) == {"a": "é"}
    assert json_response({}).headers["content-type"] == "application/json; charset=utf-8"


def test_a_delete_has_no_body() -> None:
    response = deleted()
    assert (response.status_code, response.body) == (204, b"")
    assert "content-type" not in response.headers


def test_every_answer_is_stamped() -> None:
    response = stamped(deleted(), new_request_id(), 0.0123)
    assert re.fullmatch("RQ[0-9a-f]{32}", response.headers["Twilio-Request-Id"])
    assert response.headers["Twilio-Request-Duration"] == "0.012"
