"""Recording what an SDK is answered, and answering another one the same way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.load.exchange import SUBSCRIBE, Recording, frame, key, parsed, shape


def _request(number: str, method: str, path: str, params: dict[str, str] | None = None) -> dict[str, Any]:
    return {"method": "message", "id": number, "http_request": {"method": method, "path": path, "params": params}}


def _recorded() -> Recording:
    recording = Recording()
    recording.asked(_request("1", "GET", "/v3/Maps/a", {"From": "x"}), b"")
    recording.told({"method": "reply", "id": "1", "http_status": {"code": 200}}, b'{"sid":"MP1"}')
    event = {"object_sid": "MP1", "object_type": "map", "replay_status": "completed", "last_event_id": 31}
    told = {"event_type": "subscription_established", "correlation_id": 5, "events": [event]}
    recording.told({"method": "notification", "id": "n"}, json.dumps(told).encode())
    return recording


def test_a_frame_is_read_as_it_was_written() -> None:
    header, payload = parsed(frame({"method": "reply", "id": "é"}, "ü".encode()))
    assert header == {"method": "reply", "id": "é", "payload_size": 2}
    assert payload.decode() == "ü"


def test_an_answer_is_found_by_what_was_asked_and_not_by_the_id() -> None:
    same, other = (_request("9", "GET", "/v3/Maps/a", {"From": value}) for value in ("x", "y"))
    answers = _recorded().answers
    assert [answer.payload for answer in answers[key(same, b"")]] == ['{"sid":"MP1"}']
    assert key(other, b"") not in answers


def test_subscriptions_are_one_kind_whatever_they_name() -> None:
    assert key(_request("1", "POST", "/v4/Subscriptions"), b'{"requests":[]}') == SUBSCRIBE


def test_results_of_a_subscription_carry_its_own_number_and_the_recorded_positions() -> None:
    wanted = [{"object_sid": sid, "object_type": "map", "last_event_id": 4} for sid in ("MP1", "MP2")]
    asked = {"event_protocol_version": 4, "correlation_id": 77, "requests": wanted}
    (told,) = _recorded().established(asked)
    assert told["correlation_id"] == 77
    assert [(event["object_sid"], event["last_event_id"]) for event in told["events"]] == [("MP1", 31), ("MP2", 4)]
    assert len(_recorded().established(asked | {"event_protocol_version": 3})) == 2


def test_a_recording_survives_its_file(tmp_path: Path) -> None:
    file = tmp_path / "recording.json"
    _recorded().save(file)
    loaded, recorded = Recording.load(file), _recorded()
    assert (loaded.answers, loaded.positions) == (recorded.answers, recorded.positions)


def test_requests_of_one_kind_have_one_shape() -> None:
    sid = "CH" + "0" * 32
    assert shape(_request("1", "GET", f"/v3/Lists/{sid}.messages?x=1")) == "GET /v3/Lists/*.messages"
    assert shape({"method": "init"}) == "init"
