"""What must come out of the outbox: webhooks at a receiver, pushes at the doors of Apple and Google."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.support.apns_peer import ApnsPeer
from tests.support.fcm_peer import FcmPeer, OAuth
from tests.support.http2_peer import Heard, Reaction, Reply, serving
from tests.support.push_keys import KEY_ID, TEAM_ID, authority, public, service_account, token_key
from tests.support.receiver import Receiver, receiver


@dataclass(slots=True)
class Outside:
    """The world around the product."""

    hook: Receiver
    apns: ApnsPeer
    fcm: FcmPeer
    settings: dict[str, str]
    apple: dict[str, str]
    google: dict[str, str]
    phones: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By room: kind and address of each device."""
    owed: list[tuple[str, str]] = field(default_factory=list)
    """Room and body of every message that was acknowledged where devices listen."""
    hooked: list[str] = field(default_factory=list)
    """SIDs of messages that the receiver has to hear of."""
    rung: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Address and text of every push that was taken."""

    def __post_init__(self) -> None:
        self.apns.react = self._apple_took
        self.fcm.react = self._google_took

    async def credentials(self, rest: httpx.AsyncClient) -> dict[str, str]:
        """Registers them; SIDs by kind."""
        found = {}
        for kind, fields in (("apn", self.apple), ("fcm", self.google)):
            answer = await rest.post("/v2/Credentials", data={"Type": kind, **fields})
            assert answer.status_code == 201, answer.text
            found[kind] = str(answer.json()["sid"])
        return found

    def told(self) -> Counter[str]:
        """SIDs of messages in webhooks, and how often."""
        return Counter(heard.parameters.get("MessageSid", "") for heard in self.hook.heard)

    def _apple_took(self, heard: Heard) -> Reaction:
        alert = json.loads(heard.body)["aps"].get("alert") or {}
        self.rung[(heard.path.rpartition("/")[2], str(alert.get("body")))] += 1
        return Reply()

    def _google_took(self, heard: Heard) -> Reaction:
        message = json.loads(heard.body)["message"]
        self.rung[(message["token"], str(message["data"].get("twi_body")))] += 1
        return Reply()

    def missing(self) -> Sequence[str]:
        """What was promised and did not come yet."""
        told = self.told()
        webhooks = [f"webhook of {sid}" for sid in dict.fromkeys(self.hooked) if not told[sid]]
        pushes = [
            f"push of {body!r} to {kind} {address}"
            for room, body in dict.fromkeys(self.owed)
            for kind, address in self.phones.get(room, ())
            if not self.rung[(address, body)]
        ]
        return [*webhooks, *pushes]


@asynccontextmanager
async def outside(folder: Path) -> AsyncIterator[Outside]:
    trusted = authority(folder)
    apple = token_key()
    async with AsyncExitStack() as stack:
        hook = await stack.enter_async_context(receiver())
        oauth_server = await stack.enter_async_context(receiver())
        google = service_account(oauth_server.url("/token"))
        oauth = OAuth(google.secret or "")
        oauth_server.react = oauth.react
        apns = await stack.enter_async_context(serving(ApnsPeer(), trusted.tls()))
        apns.keys[(TEAM_ID, KEY_ID)] = public(apple.private_key or "")
        fcm = await stack.enter_async_context(serving(FcmPeer(oauth), trusted.tls()))
        yield Outside(
            hook=hook,
            apns=apns,
            fcm=fcm,
            settings={
                "CHAT_APNS_URL": apns.url,
                "CHAT_APNS_CA_FILE": str(trusted.ca),
                "CHAT_FCM_URL": fcm.url,
                "CHAT_FCM_CA_FILE": str(trusted.ca),
                "CHAT_FCM_TOKEN_URL": oauth_server.url("/token"),
            },
            apple={
                "PrivateKey": apple.private_key or "",
                "KeyId": KEY_ID,
                "TeamId": TEAM_ID,
                "Topic": apple.topic or "",
            },
            google={"Secret": google.secret or ""},
        )
