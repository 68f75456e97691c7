"""Plays APNs: checks path, fields, provider token and sizes, and answers as Apple documents."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Mapping
from typing import Final

import jwt

from .http2_peer import Heard, Http2Peer, Reaction, Reply
from .push_keys import TOPIC

_FIELDS: Final = {
    ":method",
    ":scheme",
    ":path",
    ":authority",
    "apns-topic",
    "apns-push-type",
    "apns-priority",
    "apns-expiration",
    "apns-id",
    "apns-collapse-id",
    "authorization",
}


def said(status: int, reason: str, *, headers: Mapping[str, str] | None = None, **members: object) -> Reply:
    """An answer with a reason."""
    return Reply(status, json.dumps({"reason": reason, **members}).encode(), headers or {})


class ApnsPeer(Http2Peer):
    """What passes its checks is handed to `react`; a plain 200 of that becomes the device's, with `apns-id`. `keys`:
    public keys by (team, key ID); none where clients show certificates."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[tuple[str, str], str] = {}
        self.tokens: list[str] = []
        """Distinct provider tokens, in the order of their first use."""
        self.faults: list[str] = []
        self.devices: dict[str, Reaction] = {}

    def pushes(self, device: str | None = None) -> list[Heard]:
        return [heard for heard in self.heard if device in (None, heard.path.rpartition("/")[2])]

    def judge(self, heard: Heard) -> Reaction:
        reason = self._fault(heard)
        if reason is not None:
            self.faults.append(reason)
            return said(403 if "ProviderToken" in reason else 400, reason)
        reaction = self.devices.get(heard.path.rpartition("/")[2]) or self.react(heard)
        if reaction == Reply():
            return Reply(200, b"", {"apns-id": heard.headers["apns-id"].upper()})
        return reaction

    def _fault(self, heard: Heard) -> str | None:
        headers = heard.headers
        if headers[":method"] != "POST" or not re.fullmatch(r"/3/device/[0-9a-f]{64,200}", heard.path):
            return "BadPath"
        if unknown := headers.keys() - _FIELDS:
            return f"unknown fields {unknown}"
        if headers[":authority"] != f"localhost:{self.port}":
            return f"authority {headers[':authority']}"
        if headers.get("apns-topic") != TOPIC:
            return "BadTopic"
        if headers.get("apns-push-type") != "alert":
            return "InvalidPushType"
        if headers.get("apns-priority") not in ("5", "10"):
            return "BadPriority"
        if not headers.get("apns-expiration", "").isdigit() or int(headers["apns-expiration"]) < time.time():
            return "BadExpirationDate"
        if str(uuid.UUID(headers["apns-id"])) != headers["apns-id"]:
            return "BadMessageId"
        if len(headers.get("apns-collapse-id", "").encode()) > 64:
            return "BadCollapseId"
        if not 0 < len(heard.body) <= 4096 or "aps" not in json.loads(heard.body):
            return "PayloadEmpty"
        return self._token_fault(headers.get("authorization")) if self.keys else None

    def _token_fault(self, authorization: str | None) -> str | None:
        if authorization is None or not authorization.startswith("bearer "):
            return "MissingProviderToken"
        token = authorization.removeprefix("bearer ")
        if token not in self.tokens:
            try:
                team = jwt.decode(token, options={"verify_signature": False})["iss"]
                key = self.keys[(team, jwt.get_unverified_header(token)["kid"])]
                claims = jwt.decode(token, key, ["ES256"], options={"require": ["iss", "iat"]})
            except (jwt.PyJWTError, KeyError):
                return "InvalidProviderToken"
            if set(claims) != {"iss", "iat"}:
                return "InvalidProviderToken"
            self.tokens.append(token)
        return None
