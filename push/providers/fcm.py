"""Google's push service, HTTP v1."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from google.oauth2 import service_account
from pyfcm import FCMNotification  # type: ignore[import-untyped]  # it has no types

from chatcore.auth import usable
from chatcore.auth.credentials import SERVICE_ACCOUNT
from chatcore.domain.devices import PushType

from . import fcm_answers, tls
from .access_tokens import SCOPE, AccessToken
from .exchange import Answer, Call, UnreachableError
from .fields import Fields
from .http1 import Http1
from .lines import Lines
from .outcomes import CredentialBad, Outcome, Rejected, Scope, TryLater
from .pool import Pool
from .port import Delivery, NoObserver, Observer, SendingCredential
from .transport import InFlight

BASE: Final = "https://fcm.googleapis.com"
DATA: Final = 4096
"""Bytes of all keys and values."""
UNAUTHORIZED: Final = 60.0


class Fcm:
    """Satisfies `port.Provider`."""

    kinds = frozenset({PushType.FCM, PushType.GCM})

    def __init__(
        self,
        *,
        url: str | None = None,
        token_url: str | None = None,
        ca_file: Path | None = None,
        connections: int = 2,
        concurrency: int = 500,
        timeout: float = 20.0,
        observer: Observer | None = None,
    ) -> None:
        self._url, self._token_url, self._ca_file = url or BASE, token_url, ca_file
        self._connections = connections
        self._observer = observer or NoObserver()
        self._flight = InFlight("fcm", concurrency, timeout, self._observer)
        self._lines: Lines[_Project] = Lines(self._project)

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        defect = usable.google_defect(credential.secrets.secret, self._token_url)
        if defect is not None:
            return CredentialBad(defect)
        if too_large(delivery.payload):
            return Rejected("too_large")
        try:
            project = await self._lines.of(credential)
        except ValueError as error:
            return CredentialBad(str(error))
        token = project.token.text or await project.token.get()
        if not isinstance(token, str):
            return token
        body = project.builder.body(delivery, datetime.now(UTC))
        outcome = await self._try(project, body, token)
        if not isinstance(outcome, fcm_answers.Unauthorized):
            return outcome
        fresh = await project.token.another(token)
        if fresh is not None:
            outcome = await self._try(project, body, fresh)
            if not isinstance(outcome, fcm_answers.Unauthorized):
                return outcome
        return TryLater(reason="401", after=UNAUTHORIZED, scope=Scope.CREDENTIAL, counts=False, status=401)

    async def aclose(self) -> None:
        await self._lines.aclose()

    async def _try(self, project: _Project, body: bytes, token: str) -> Outcome | fcm_answers.Unauthorized:
        call = Call(project.path, _fields(project.authority, token), (), body)
        answer = await self._flight.call(lambda deadline: project.send(call, deadline))
        return fcm_answers.outcome(answer, datetime.now(UTC)) if isinstance(answer, Answer) else answer

    async def _project(self, credential: SendingCredential) -> _Project:
        """Raises ValueError for an account or a URL that cannot be used."""
        parts = urlsplit(self._url)
        if parts.hostname is None or (parts.scheme != "https" and parts.hostname not in usable.LOOPBACK):
            raise ValueError("plain http is for loopback addresses only")
        account = _account(credential.secrets.secret or "", self._token_url)
        if parts.scheme == "http":
            line: Pool | Http1 = Http1(self._url, None)
        else:
            context = await asyncio.to_thread(tls.context, self._ca_file, ["h2", "http/1.1"])
            line = Pool(
                parts.hostname,
                parts.port or 443,
                context,
                most=self._connections,
                changed=lambda change: self._observer.connections("fcm", change),
                goaway=self._observer.goaway,
            )
        builder = _Builder(self._url, account)
        return _Project(self._url, self._ca_file, builder, AccessToken(account, self._ca_file), line)


class _Builder(FCMNotification):  # type: ignore[misc]  # the library has no types
    """End point and body as the library makes them; it is given an account, and never sends."""

    def __init__(self, base: str, account: service_account.Credentials) -> None:
        self.FCM_END_POINT_BASE = f"{base}/v1/projects"
        super().__init__(credentials=account)

    def json_dumps(self, data: dict[str, Any]) -> bytes:  # Any: JSON
        return msgspec.json.encode({"message": data["message"]})

    def body(self, delivery: Delivery, now: datetime) -> bytes:
        left = str(max(1, int((delivery.expires_at - now).total_seconds() + 0.5)))
        urgency = ("HIGH", "high") if delivery.urgent else ("NORMAL", "normal")
        made: bytes = self.parse_payload(
            fcm_token=delivery.address,
            data_payload=dict(delivery.payload),
            android_config={"priority": urgency[0], "ttl": f"{left}s"},
            webpush_config={"headers": {"Urgency": urgency[1], "TTL": left}},
        )
        return made


class _Project:
    """What one credential sends with."""

    def __init__(
        self, url: str, ca_file: Path | None, builder: _Builder, token: AccessToken, line: Pool | Http1
    ) -> None:
        self.builder, self.token = builder, token
        end_point = urlsplit(builder.fcm_end_point)
        self.path = end_point.path.encode()
        self.authority = (end_point.netloc.removesuffix(":443") if end_point.port == 443 else end_point.netloc).encode()
        self._url, self._ca_file, self._line = url, ca_file, line

    @property
    def busy(self) -> bool:
        return self._line.busy

    async def send(self, call: Call, deadline: float) -> Answer:
        line = self._line
        try:
            return await line.send(call, deadline, _never)
        except UnreachableError:
            if not isinstance(line, Pool) or line.speaks_http2:
                raise
        if self._line is line:
            line.finish()
            context = tls.context(self._ca_file, ["http/1.1"])
            self._line = Http1(self._url, context)
        return await self._line.send(call, deadline, _never)

    def finish(self) -> None:
        self._line.finish()

    async def aclose(self) -> None:
        await self.token.aclose()
        await self._line.aclose()


def _account(secret: str, token_url: str | None) -> service_account.Credentials:
    """Of all that a service account may say, only what it must say counts. Raises ValueError."""
    said = json.loads(secret)
    info = {name: said[name] for name in SERVICE_ACCOUNT}
    if token_url is not None:
        info["token_uri"] = token_url
    try:
        account: service_account.Credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # the library has few types
            info, scopes=[SCOPE]
        )
    except (ValueError, TypeError, AttributeError):
        raise ValueError("service_account_unusable") from None
    return account


def _never(_: Answer) -> bool:
    return False


def too_large(data: Mapping[str, str]) -> bool:
    return sum(len(key.encode()) + len(value.encode()) for key, value in data.items()) > DATA


@lru_cache(maxsize=1024)
def _fields(authority: bytes, token: str) -> Fields:
    return (
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":authority", authority),
        (b"content-type", b"application/json"),
        (b"authorization", f"Bearer {token}".encode()),
    )
