"""Twilsock frames, and what a client was answered: enough to answer another one the same way."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Header = dict[str, Any]

SUBSCRIBE = "POST /v4/Subscriptions"
_ESTABLISHED = "subscription_established"
_SID = re.compile(r"\b[A-Z]{2}[0-9a-f]{32}\b|\b[0-9a-f]{32}\b")


def parsed(frame: bytes) -> tuple[Header, bytes]:
    first, _, rest = frame.partition(b"\r\n")
    size = int(first.rpartition(b" ")[2])
    header: Header = json.loads(rest[:size])
    return header, rest[size + 2 :]


def frame(header: Header, payload: bytes = b"") -> bytes:
    text = json.dumps(header | {"payload_size": len(payload)}, separators=(",", ":")).encode()
    return b"TWILSOCK V3.0 %d\r\n%b\r\n%b" % (len(text), text, payload)


def shape(header: Header) -> str:
    """Requests of one kind have one shape: method and path, a star for each name in it."""
    request = header.get("http_request")
    if request is None:
        return str(header["method"])
    return f"{request['method']} {_SID.sub('*', request['path'].partition('?')[0])}"


def key(header: Header, payload: bytes) -> str:
    """Equal for requests that get equal answers. Subscriptions are one kind: who asks for what depends on timing."""
    request = header.get("http_request")
    if request is None:
        return str(header["method"])
    target = f"{request['method']} {request['path']}"
    if target.partition("?")[0] == SUBSCRIBE:
        return SUBSCRIBE
    return f"{target} {json.dumps(request.get('params') or {}, sort_keys=True)} {payload.decode()}"


@dataclass(frozen=True, slots=True)
class Answer:
    header: Header
    payload: str


@dataclass(slots=True)
class Recording:
    """`answers` by key, in order; `positions` of objects by SID, as the results of subscriptions told them."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    positions: dict[str, dict[str, Any]] = field(default_factory=dict)
    _asked: dict[str, str] = field(default_factory=dict)

    def asked(self, header: Header, payload: bytes) -> None:
        self._asked[header["id"]] = key(header, payload)

    def told(self, header: Header, payload: bytes) -> None:
        if header["method"] == "reply":
            if (asked := self._asked.pop(header["id"], None)) is not None:
                self.answers.setdefault(asked, []).append(Answer(header, payload.decode()))
        elif header["method"] == "notification" and payload.startswith(b"{"):
            inner = json.loads(payload)
            if inner.get("event_type") == _ESTABLISHED:
                for event in inner.get("events") or [inner["event"]]:
                    self.positions[event["object_sid"]] = event

    def established(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Payloads of the notifications that answer a subscription: one, or one per object for old SDKs."""
        events = [
            self.positions.get(
                wanted["object_sid"],
                {
                    "object_sid": wanted["object_sid"],
                    "object_type": wanted["object_type"],
                    "replay_status": "completed",
                    "last_event_id": wanted.get("last_event_id") or 0,
                },
            )
            for wanted in request["requests"]
        ]
        version = request["event_protocol_version"]
        head = {
            "event_type": _ESTABLISHED,
            "event_protocol_version": version,
            "strictly_ordered": True,
            "correlation_id": request["correlation_id"],
        }
        return [head | {"events": events}] if version >= 4 else [head | {"event": event} for event in events]

    def save(self, file: Path) -> None:
        answers = {asked: [asdict(answer) for answer in given] for asked, given in self.answers.items()}
        file.write_text(json.dumps({"answers": answers, "positions": self.positions}))

    @classmethod
    def load(cls, file: Path) -> Recording:
        content = json.loads(file.read_text())
        answers = {asked: [Answer(**answer) for answer in given] for asked, given in content["answers"].items()}
        return cls(answers=answers, positions=content["positions"])
