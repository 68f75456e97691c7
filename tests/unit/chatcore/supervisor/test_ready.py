"""What is printed when everything answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatcore.supervisor.ready import base_url, block, description

IDENTIFIERS = {
    "account_sid": "AC1",
    "auth_token": "hunter2",
    "api_key_sid": "SK1",
    "api_key_secret": "hunter3",
    "service_sid": "IS1",
}


@pytest.mark.parametrize(
    ("host", "tls", "url"),
    [
        ("127.0.0.1", False, "http://127.0.0.1:80"),
        ("0.0.0.0", True, "https://127.0.0.1:80"),
        ("::1", False, "http://[::1]:80"),
        ("::", False, "http://[::1]:80"),
        ("localhost", False, "http://localhost:80"),
    ],
)
def test_the_url_works_on_this_machine(host: str, tls: bool, url: str) -> None:
    assert base_url(host, 80, tls=tls) == url


def test_the_last_line_is_for_programs() -> None:
    ready = description(["https://h:1", "https://h:2"], IDENTIFIERS, secrets=True)
    line = block(ready, Path("/data"), {}).splitlines()[-1]
    assert line.startswith('CHAT READY {"url":"https://h:1","websocket":"wss://h:1/connection/websocket"')
    assert json.loads(line.removeprefix("CHAT READY ")) == ready


def test_the_block_shows_the_first_steps_and_where_data_lives() -> None:
    text = block(description(["http://h:1"], IDENTIFIERS, secrets=True), Path("/data"), {"database": "embedded"})
    assert "curl 'http://h:1/token?identity=alice'" in text
    assert "curl -u 'AC1:hunter2' 'http://h:1/v2/Services/IS1/Channels/general/Messages'" in text
    assert "embedded" in text
    assert "/data" in text


def test_secrets_can_be_left_out() -> None:
    text = block(description(["http://h:1"], IDENTIFIERS, secrets=False), Path("/data"), {})
    assert "hunter" not in text
    assert "token?identity" not in text
