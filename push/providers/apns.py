"""Apple's push service."""

from __future__ import annotations

import asyncio
import logging
import re
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from aioapns.common import PRIORITY_HIGH, PRIORITY_NORMAL
from aioapns.common import PushType as ApnsType

from chatcore.auth import usable
from chatcore.domain.devices import PushType

from . import apns_answers, tls
from .apns_answers import Special
from .exchange import Answer, Call
from .fields import Fields
from .lines import Lines
from .outcomes import CredentialBad, Outcome, Rejected
from .pool import Pool
from .port import Delivery, NoObserver, Observer, SendingCredential, SharedText
from .provider_tokens import ProviderToken, ProviderTokens
from .transport import InFlight

logger = logging.getLogger(__name__)

PRODUCTION: Final = "https://api.push.apple.com"
SANDBOX: Final = "https://api.sandbox.push.apple.com"
PAYLOAD: Final = 4096
"""Bytes."""
_UNREAD: Final = frozenset({b"apns-id"})  # each answer repeats the one it was sent
_TOKEN = re.compile(r"[0-9a-f]{2,200}")


class Apns:
    """Satisfies `port.Provider`. `shared`: where all workers keep the provider tokens; None keeps them here."""

    kinds = frozenset({PushType.APN})

    def __init__(
        self,
        *,
        shared: SharedText | None = None,
        url: str | None = None,
        ca_file: Path | None = None,
        connections: int = 4,
        concurrency: int = 500,
        timeout: float = 20.0,
        observer: Observer | None = None,
    ) -> None:
        self._url, self._ca_file, self._connections = url, ca_file, connections
        self._observer = observer or NoObserver()
        self._tokens = ProviderTokens(shared)
        self._flight = InFlight("apn", concurrency, timeout, self._observer)
        self._lines: Lines[Pool] = Lines(self._pool)

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        secrets = credential.secrets
        unusable = usable.apple_defect(secrets, datetime.now(UTC))
        if unusable is not None:
            return CredentialBad(unusable)
        body = msgspec.json.encode(delivery.payload)
        if len(body) > PAYLOAD:
            return Rejected("too_large")
        if not _TOKEN.fullmatch(delivery.address):
            return Rejected("not a device token")
        try:
            pool = await self._lines.of(credential)
        except ValueError as error:
            return CredentialBad(str(error))
        token = None
        if secrets.certificate is None:
            try:
                token = self._tokens.held(secrets) or await self._tokens.get(secrets)
            except ValueError:  # a key that signs nothing
                return CredentialBad("the key cannot sign")
        path, own = f"/3/device/{delivery.address}".encode(), _own(delivery)
        outcome = await self._try(pool, Call(path, self._shared(credential, delivery, token), own, body))
        if not isinstance(outcome, Special):
            return outcome
        fresh = await self._tokens.renew(secrets, token) if token is not None else None
        if fresh is None:
            return CredentialBad("ExpiredProviderToken: is the clock right?", status=403)
        outcome = await self._try(pool, Call(path, self._shared(credential, delivery, fresh), own, body))
        if isinstance(outcome, Special):
            return CredentialBad("ExpiredProviderToken: is the clock right?", status=403)
        return outcome

    async def aclose(self) -> None:
        await self._lines.aclose()

    async def _try(self, pool: Pool, call: Call) -> Outcome | Special:
        answer = await self._flight.call(lambda deadline: pool.send(call, deadline, apns_answers.goes_elsewhere))
        if not isinstance(answer, Answer):
            return answer
        return apns_answers.outcome(answer, datetime.now(UTC))

    def _host(self, sandbox: bool) -> str:
        return self._url or (SANDBOX if sandbox else PRODUCTION)

    def _shared(self, credential: SendingCredential, delivery: Delivery, token: ProviderToken | None) -> Fields:
        authority = _authority(self._host(credential.sandbox))
        topic = usable.topic(credential.secrets) or ""
        return _fields(authority, topic, delivery.urgent, token.header if token is not None else None)

    async def _pool(self, credential: SendingCredential) -> Pool:
        parts = urlsplit(self._host(credential.sandbox))
        secrets = credential.secrets
        client = secrets if secrets.certificate is not None else None
        context = await asyncio.to_thread(tls.context, self._ca_file, ["h2"], client)
        assert parts.hostname is not None, "the settings take origins only"
        return Pool(
            parts.hostname,
            parts.port or 443,
            context,
            most=self._connections,
            changed=lambda change: self._observer.connections("apn", change),
            goaway=self._observer.goaway,
            unread=_UNREAD,
        )


@cache
def _authority(origin: str) -> bytes:
    parts = urlsplit(origin)
    return (parts.netloc.removesuffix(":443") if parts.port == 443 else parts.netloc).encode()


@lru_cache(maxsize=4096)
def _fields(authority: bytes, topic: str, urgent: bool, authorization: str | None) -> Fields:
    fields = [
        (b":method", b"POST"),
        (b":scheme", b"https"),
        (b":authority", authority),
        (b"apns-topic", topic.encode()),
        (b"apns-push-type", ApnsType.ALERT.value.encode()),
        (b"apns-priority", (PRIORITY_HIGH if urgent else PRIORITY_NORMAL).encode()),
    ]
    if authorization is not None:
        fields.append((b"authorization", authorization.encode()))
    return tuple(fields)


def _own(delivery: Delivery) -> Fields:
    expires = int(delivery.expires_at.timestamp())  # 0 would mean "now or never"
    id_ = (b"apns-id", str(UUID(hex=delivery.push_id)).encode())
    expiration = (b"apns-expiration", str(max(1, expires)).encode())
    if delivery.collapse_id is None:
        return id_, expiration
    return id_, expiration, (b"apns-collapse-id", delivery.collapse_id.encode())
