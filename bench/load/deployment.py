"""A running deployment, wherever its processes are: its REST API, its sockets and the tokens it accepts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import threading
import time
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from bench.load.pump import Pump, Request
from bench.load.wire import NativeClient

WEBSOCKET = "/connection/websocket"
TWILSOCK = "/v3/wsconnect"
ADDED = '"type":"message.added"'
"""Occurs exactly once in the publication of a message."""

_KEEP_ALIVE = 2.0
"""Seconds after which an idle REST connection may have been closed by the server."""
_TOKEN = 6 * 3600


class Deployment:
    """`ready` is the object that `chatcore up` prints when it is ready. Any thread may use it."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        self.ready = ready
        self.nodes = [_address(url) for url in ready.get("nodes") or [ready["url"]]]
        self.address = _address(ready["url"])
        self._service = f"/v2/Services/{ready['service_sid']}"
        self._own = threading.local()

    # REST

    def rest(self, method: str, path: str, **form: str) -> dict[str, Any]:
        """One request below /v2/Services/{sid}; parameters in the body of a POST, else in the query."""
        query = urllib.parse.urlencode(form)
        body = query if method == "POST" else None
        target = self._service + path + (f"?{query}" if query and body is None else "")
        connection = self._connection()
        connection.request(method, target, body, self._headers())
        response = connection.getresponse()
        data = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {target}: {response.status} {data[:300]!r}")
        result: dict[str, Any] = json.loads(data) if data else {}
        return result

    def _connection(self) -> http.client.HTTPConnection:
        """That of this thread. It is closed with the thread, or with this object."""
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None or time.monotonic() - self._own.used > _KEEP_ALIVE:
            connection = self._own.connection = http.client.HTTPConnection(*self.address, timeout=60)
        self._own.used = time.monotonic()
        return connection

    def _headers(self) -> dict[str, str]:
        secret = f"{self.ready['account_sid']}:{self.ready['auth_token']}".encode()
        return {
            "Authorization": "Basic " + base64.b64encode(secret).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def lift_limits(self) -> None:
        self.rest("POST", "", **{"Limits.ChannelMembers": "1000", "Limits.UserChannels": "1000"})

    def channel(self, identities: Sequence[str]) -> str:
        """A new private channel with these members; returns its SID."""
        sid: str = self.rest("POST", "/Channels", Type="private")["sid"]
        for identity in identities:
            self.rest("POST", f"/Channels/{sid}/Members", Identity=identity)
        return sid

    # Sockets

    def token(self, identity: str, ttl: int = _TOKEN) -> str:
        """A native token: an ordinary JWT signed with the API key."""
        now = int(time.time())
        claims = {"sub": identity, "aud": self.ready["service_sid"], "iat": now, "exp": now + ttl}
        return self._signed({"kid": self.ready["api_key_sid"]}, claims)

    def access_token(self, identity: str, ttl: int = _TOKEN) -> str:
        """An access token as Twilio's helper libraries make them; both protocols accept it."""
        now, key = int(time.time()), self.ready["api_key_sid"]
        claims = {
            "jti": f"{key}-{now}",
            "iss": key,
            "sub": self.ready["account_sid"],
            "exp": now + ttl,
            "grants": {"identity": identity, "chat": {"service_sid": self.ready["service_sid"]}},
        }
        return self._signed({"cty": "twilio-fpa;v=1"}, claims)

    def _signed(self, head: dict[str, str], claims: dict[str, Any]) -> str:
        parts = ({"alg": "HS256", "typ": "JWT", **head}, claims)
        signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
        secret = self.ready["api_key_secret"].encode()
        return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def hello(self, identity: str, *, positions: dict[str, dict[str, Any]] | None = None) -> str:
        """A connect command; `positions` (channel → its subscribe result of last time) asks for what was missed."""
        body: dict[str, object] = {"token": self.token(identity), "data": {"subscribe": "joined"}}
        if positions is not None:
            body["subs"] = {
                name: {"recover": True, "epoch": position["epoch"], "offset": position.get("offset", 0)}
                for name, position in positions.items()
                if position.get("recoverable")
            }
        return json.dumps({"id": 1, "connect": body}, separators=(",", ":"))

    def client(self, identity: str, *, subscribe: str = "joined") -> NativeClient:
        return NativeClient(self.address, WEBSOCKET, self.token(identity), subscribe=subscribe)

    def senders(self, identities: Sequence[str], request: Request) -> Pump:
        """One connection per identity in feed mode: such connections read no room, they only send."""
        clients = [self.client(identity, subscribe="feed") for identity in identities]
        return Pump([client.socket for client in clients], request, ack=b'"rpc":{', refusal=b'"error":{')

    def close(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise ValueError(f"{url}: an address like http://127.0.0.1:8080 is needed (the rig speaks no TLS)")
    return parts.hostname, parts.port or 80


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
