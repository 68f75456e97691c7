"""Plays FCM and the OAuth end point before it: checks grants, tokens and the schema of messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import jwt

from .http2_peer import Heard, Http2Peer, Reaction, Reply
from .push_keys import public
from .receiver import Heard as Asked
from .receiver import Reaction as TokenReaction
from .receiver import Say

_SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"


def failed(
    status: int,
    name: str,
    code: str | None = None,
    *,
    message: str = "said so",
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """An error as Google words it; `code` is that of FcmError."""
    details: list[dict[str, Any]] = []  # Any: JSON
    if code is not None:
        details.append({"@type": FCM_ERROR, "errorCode": code})
    if field is not None:
        details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": "no"}]})
    error = {"code": status, "message": message, "status": name, "details": details}
    return Reply(status, json.dumps({"error": error}).encode(), headers or {})


class OAuth:
    """To be asked through a Receiver: `receiver.react = oauth.react`."""

    def __init__(self, secret: str) -> None:
        self._account = json.loads(secret)
        self.issued: list[str] = []
        self.lifetime = 3600
        self.answer: Callable[[], TokenReaction] | None = None
        """In place of a token."""

    def react(self, asked: Asked) -> TokenReaction:
        if self.answer is not None:
            return self.answer()
        form = dict(parse_qsl(asked.body.decode()))
        assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        key = public(self._account["private_key"])
        # google-auth signs for Google's end point, whatever the account says.
        claims = jwt.decode(form["assertion"], key, ["RS256"], audience="https://oauth2.googleapis.com/token")
        assert claims["iss"] == self._account["client_email"]
        assert claims["scope"] == _SCOPE
        self.issued.append(f"ya29.token-{len(self.issued) + 1}")
        body = {"access_token": self.issued[-1], "expires_in": self.lifetime, "token_type": "Bearer"}
        return Say(200, json.dumps(body).encode(), {"Content-Type": "application/json"})


class FcmPeer(Http2Peer):
    """What passes its checks is handed to `react`; a plain 200 of that becomes one with a name."""

    def __init__(self, oauth: OAuth, project: str = "chat-project") -> None:
        super().__init__()
        self.oauth = oauth
        self.faults: list[str] = []
        self.tokens_taken = 1
        """So many of the newest tokens are good."""
        self._path = f"/v1/projects/{project}/messages:send"

    @property
    def messages(self) -> list[dict[str, Any]]:  # Any: JSON
        return [json.loads(heard.body)["message"] for heard in self.heard]

    def judge(self, heard: Heard) -> Reaction:
        fault = self._fault(heard)
        if fault is not None:
            self.faults.append(fault)
            return failed(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", message=fault, field="message")
        if heard.headers.get("authorization") not in [
            f"Bearer {token}" for token in self.oauth.issued[-self.tokens_taken :]
        ]:
            return failed(401, "UNAUTHENTICATED")
        reaction = self.react(heard)
        if reaction == Reply():
            name = f"{self._path.removeprefix('/v1/').removesuffix(':send')}/0:{len(self.heard)}"
            return Reply(200, json.dumps({"name": name}).encode(), {"content-type": "application/json"})
        return reaction

    def _fault(self, heard: Heard) -> str | None:
        if heard.headers[":method"] != "POST" or heard.path != self._path:
            return f"path {heard.path}"
        if heard.headers.get("content-type") != "application/json":
            return "content type"
        body = json.loads(heard.body)
        if set(body) != {"message"} or set(body["message"]) != {"token", "data", "android", "webpush"}:
            return f"members {body}"
        data = body["message"]["data"]
        if not all(isinstance(value, str) for value in data.values()):
            return "data of another type than text"
        if sum(len(key.encode()) + len(value.encode()) for key, value in data.items()) > 4096:
            return "data too large"
        return None
