"""Providers as a worker builds them, towards peers of this process."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from chatcore.auth.credentials import PushSecrets
from chatcore.domain.devices import PushType
from chatcore.domain.ids import CredentialSid
from push.providers.apns import Apns
from push.providers.fcm import Fcm
from push.providers.port import Delivery, SendingCredential
from tests.support.apns_peer import ApnsPeer
from tests.support.fcm_peer import FcmPeer, OAuth
from tests.support.http2_peer import serving
from tests.support.push_keys import KEY_ID, TEAM_ID, Authority, public, service_account, token_key
from tests.support.receiver import Receiver, receiver

APPLE, GOOGLE = CredentialSid("CR" + "a" * 32), CredentialSid("CR" + "b" * 32)


def device(number: int = 0) -> str:
    return f"{number:064x}"


def delivery(number: int = 0, kind: PushType = PushType.APN, **fields: Any) -> Delivery:  # Any: fields of a Delivery
    push_id = hashlib.blake2s(f"{kind} {number}".encode(), digest_size=16).hexdigest()
    payload: dict[str, Any] = {"twi_message_id": f"RU{push_id}", "author": "zoë"}  # Any: JSON
    if kind is PushType.APN:
        payload = {"aps": {"alert": {"body": "hello"}}, **payload}
    given: dict[str, Any] = {
        "push_id": push_id,
        "kind": kind,
        "address": device(number) if kind is PushType.APN else f"fcm-token-{number:020d}",
        "payload": payload,
        "expires_at": datetime.now(UTC) + timedelta(days=1),
        "collapse_id": "IM" + "c" * 32 if kind is PushType.APN else None,
    }
    return Delivery(**{**given, **fields})


def apple(secrets: PushSecrets, *, sandbox: bool = False) -> SendingCredential:
    return SendingCredential(sid=APPLE, kind=PushType.APN, sandbox=sandbox, secrets=secrets)


def google(secrets: PushSecrets, kind: PushType = PushType.FCM) -> SendingCredential:
    return SendingCredential(sid=GOOGLE, kind=kind, sandbox=False, secrets=secrets)


class Counting:
    """An Observer."""

    def __init__(self) -> None:
        self.flying = self.most_flying = self.open = self.goaways = self.requests = 0

    def took(self, provider: str, seconds: float) -> None:
        self.requests += 1

    def in_flight(self, provider: str, change: int) -> None:
        self.flying += change
        self.most_flying = max(self.most_flying, self.flying)

    def connections(self, provider: str, change: int) -> None:
        self.open += change

    def goaway(self) -> None:
        self.goaways += 1


class AppleRig:
    def __init__(self, peer: ApnsPeer, authority: Authority) -> None:
        self.peer, self.authority = peer, authority
        self.credential = apple(token_key())
        self.counting = Counting()
        peer.keys[(TEAM_ID, KEY_ID)] = public(self.credential.secrets.private_key or "")

    @contextlib.asynccontextmanager
    async def provider(self, **settings: Any) -> AsyncIterator[Apns]:  # Any: settings of Apns
        made = Apns(
            **{
                "url": self.peer.url,
                "ca_file": self.authority.ca,
                "observer": self.counting,
                "timeout": 5.0,
                **settings,
            }
        )
        try:
            yield made
        finally:
            await made.aclose()
            assert not self.counting.flying
            assert not self.counting.open


class GoogleRig:
    def __init__(self, peer: FcmPeer, oauth_server: Receiver, authority: Authority, secrets: PushSecrets) -> None:
        self.peer, self.oauth_server, self.authority = peer, oauth_server, authority
        self.credential = google(secrets)
        self.counting = Counting()

    @contextlib.asynccontextmanager
    async def provider(self, **settings: Any) -> AsyncIterator[Fcm]:  # Any: settings of Fcm
        made = Fcm(
            **{
                "url": self.peer.url,
                "ca_file": self.authority.ca,
                "observer": self.counting,
                "timeout": 5.0,
                **settings,
            }
        )
        try:
            yield made
        finally:
            await made.aclose()
            assert not self.counting.flying


@contextlib.asynccontextmanager
async def apple_rig(authority: Authority, *, asks_clients: bool = False) -> AsyncIterator[AppleRig]:
    peer = ApnsPeer()
    async with serving(peer, authority.tls(asks_clients=asks_clients)):
        yield AppleRig(peer, authority)


@contextlib.asynccontextmanager
async def google_rig(authority: Authority) -> AsyncIterator[GoogleRig]:
    async with receiver(tls=server_tls(authority)) as oauth_server:
        secrets = service_account(oauth_server.url("/token", "localhost"))
        oauth = OAuth(secrets.secret or "")
        oauth_server.react = oauth.react
        async with serving(FcmPeer(oauth), authority.tls()) as peer:
            yield GoogleRig(peer, oauth_server, authority, secrets)


def server_tls(authority: Authority) -> ssl.SSLContext:
    made = authority.tls()
    made.set_alpn_protocols(["http/1.1"])
    return made
