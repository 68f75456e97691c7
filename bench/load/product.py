"""The product under test: `chatcore up` in a scratch folder, with its own Postgres and Valkey."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import subprocess
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from bench.load import processes
from bench.load.machine import python
from bench.load.pump import Pump, Request
from bench.load.wire import NativeClient

WEBSOCKET = "/connection/websocket"
ADDED = '"type":"message.added"'
"""Occurs exactly once in the publication of a message."""

_KEEP_ALIVE = 2.0
"""Seconds after which an idle REST connection may have been closed by the server."""

# Limits that protect a server from its clients would only measure themselves here.
_ENVIRONMENT = {
    "CHAT_PORT": "0",
    "CHAT_DEV": "1",
    "CHAT_RATE_CHANNEL": "0",
    "CHAT_RATE_SERVICE": "0",
    "CHAT_RATE_CONNECTION": "1000000/1000000",
    "CHAT_CONNECT_RATE": "100000",
    "CHAT_DRAIN_TIME": "0",
    "CHAT_LOG_LEVEL": "warning",
    "CHAT_BOOTSTRAP_ACCOUNT_SID": "AC" + "b" * 32,
    "CHAT_BOOTSTRAP_AUTH_TOKEN": "b" * 32,
    "CHAT_BOOTSTRAP_API_KEY_SID": "SK" + "b" * 32,
    "CHAT_BOOTSTRAP_API_KEY_SECRET": "b" * 32,
    "CHAT_BOOTSTRAP_SERVICE_SID": "IS" + "b" * 32,
}


class Product:
    """Running when the constructor returns. A second one on the same folder continues with the data of the first."""

    def __init__(self, folder: Path, *, gateways: int = 1, environment: dict[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
        own = _ENVIRONMENT | {"CHAT_DATA_DIR": str(folder / "data")} | (environment or {})
        self._log = folder / "chatcore.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(Path(python()).with_name("chatcore")), "up", "--gateways", str(gateways)],
                env=clean | own,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._rest: http.client.HTTPConnection | None = None
        self._rest_used = 0.0
        try:
            self.ready = self._wait(time.monotonic() + 90)
        except BaseException:
            self.close()
            raise
        url = urlsplit(self.ready["url"])
        self.address = (str(url.hostname), int(url.port or 80))
        self._service = f"/v2/Services/{self.ready['service_sid']}"

    # Processes

    @property
    def everything(self) -> list[int]:
        """Supervisor, gateways, push worker, Postgres with all its back-ends, Valkey."""
        return processes.tree(self._process.pid)

    @property
    def gateways(self) -> list[int]:
        return self._modules("gateway")

    @property
    def postgres(self) -> list[int]:
        """The postmaster and its back-ends."""
        for pid in self.everything:
            if (line := processes.command_line(pid)) and Path(line[0]).name == "postgres":
                return processes.tree(pid)
        raise LookupError("no postgres among the processes of the product")

    def setting(self, name: str) -> str:
        """A setting of the first gateway: how the rig learns where the embedded servers listen."""
        return processes.environment(self.gateways[0])[name]

    def _modules(self, name: str) -> list[int]:
        found = []
        for pid in self.everything:
            line = processes.command_line(pid)
            if "-m" in line and line[line.index("-m") + 1 :][:1] == [name]:
                found.append(pid)
        return found

    # REST

    def rest(self, method: str, path: str, **form: str) -> dict[str, Any]:
        """One request below /v2/Services/{sid}; parameters in the body of a POST, else in the query."""
        query = urllib.parse.urlencode(form)
        body = query if method == "POST" else None
        target = self._service + path + (f"?{query}" if query and body is None else "")
        if self._rest is None or time.monotonic() - self._rest_used > _KEEP_ALIVE:
            self._rest = http.client.HTTPConnection(*self.address, timeout=60)
        self._rest_used = time.monotonic()
        self._rest.request(method, target, body, self._headers())
        response = self._rest.getresponse()
        data = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {target}: {response.status} {data[:300]!r}")
        result: dict[str, Any] = json.loads(data) if data else {}
        return result

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

    def token(self, identity: str, ttl: int = 6 * 3600) -> str:
        """A native token: an ordinary JWT signed with the API key."""
        now = int(time.time())
        head = {"alg": "HS256", "typ": "JWT", "kid": self.ready["api_key_sid"]}
        claims = {"sub": identity, "aud": self.ready["service_sid"], "iat": now, "exp": now + ttl}
        signed = ".".join(_base64(json.dumps(part).encode()) for part in (head, claims))
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
        if self._rest is not None:
            self._rest.close()
        self._process.terminate()
        try:
            self._process.wait(40)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, deadline: float) -> dict[str, Any]:
        while time.monotonic() < deadline and self._process.poll() is None:
            for line in self._log.read_text(errors="replace").splitlines():
                if line.startswith("CHAT READY {"):
                    ready: dict[str, Any] = json.loads(line.removeprefix("CHAT READY "))
                    return ready
            time.sleep(0.05)
        raise RuntimeError(f"`chatcore up` did not get ready:\n{self._log.read_text(errors='replace')[-3000:]}")


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
