"""An application with files, over a database and a folder, and those who ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.types import Message

from chatcore.auth.keys import KeyRing, SealedSecret
from chatcore.auth.secrets import SecretBox
from chatcore.auth.tokens import TokenVerifier, mint
from chatcore.blobs.store import ObjectBlobs
from chatcore.commands.chat import Chat, build
from chatcore.commands.media import Media, MediaHousekeeping
from chatcore.commands.rates import Rates
from chatcore.domain.ids import Identity
from chatcore.domain.model import Actor
from chatcore.ports.blobs import Blobs
from chatcore.ports.hooks import NullHook
from chatcore.store.accounts import Accounts
from chatcore.store.admin import Admin
from chatcore.store.keys import Keys
from chatcore.store.media_trash import MediaTrash
from chatcore.store.postgres import PostgresStore
from gateway.http.urls import Origins
from gateway.media.announcing import MediaAnnouncer
from gateway.media.links import SignedLinks
from gateway.media.room import MediaRoom
from gateway.urls import build_app
from tests.integration.rest.rig import Account, Unheard

HOST = "http://server.test"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
JSON = "application/json; charset=utf-8"


@dataclass(slots=True)
class Ahead:
    """The real time, and some more: tokens are checked against it."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        moment = datetime.now(UTC) + self.ahead
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        return self.now().timestamp()


@dataclass(slots=True)
class Rig:
    """Shared by many tests: each has an account of its own."""

    app: Starlette
    chat: Chat
    store: PostgresStore
    admin: Admin
    blobs: Blobs
    folder: Path
    media: Media
    announcer: MediaAnnouncer
    clock: Ahead

    def http(self, *, base_url: str = HOST, **more: Any) -> httpx.AsyncClient:  # Any: httpx's own
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base_url, **more)

    @property
    def housekeeping(self) -> MediaHousekeeping:
        return MediaHousekeeping(self.blobs, MediaTrash(self.store.pool), self.clock)

    def files(self, service_sid: str) -> list[str]:
        """Names of everything that lies in the folder of a service."""
        return sorted(path.name for path in (self.folder / service_sid).rglob("*") if path.is_file())

    async def records(self, service_sid: str) -> list[str]:
        rows = await self.store.pool.fetch("SELECT sid FROM media WHERE service_sid = $1 ORDER BY sid", service_sid)
        return [row["sid"] for row in rows]


def build_rig(
    store: PostgresStore, folder: Path, *, blobs: Blobs | None = None, origins: Sequence[str] | None = None
) -> Rig:
    """Sends wait until `rig.chat.run()` runs."""
    clock, box = Ahead(), SecretBox(["a key for tests"])
    chat = build(store, Unheard(), clock, NullHook(), Rates(clock, channel=0, service=0), limit_ceiling=1000)
    keys: Keys[SealedSecret] = Keys(store.pool, SealedSecret)
    ring = KeyRing(keys, box, clock)
    kept: Blobs = blobs or ObjectBlobs.of_folder(folder)
    media = Media(store, kept, MediaTrash(store.pool), chat.services, clock)
    room = MediaRoom(
        media=media,
        services=chat.services,
        links=SignedLinks(["a key for tests"], clock),
        tokens=TokenVerifier(ring, keys, clock),
        clock=clock,
        origins=origins,
    )

    async def readiness() -> list[str]:
        return []

    async def metrics() -> bytes:
        return b""

    app = build_app(
        chat=chat,
        credentials=ring,
        keys=ring,
        services=keys,
        accounts=Accounts(store.pool),
        clock=clock,
        origins=Origins(),
        readiness=readiness,
        metrics=metrics,
        media=room,
    )
    return Rig(app, chat, store, Admin(store.pool, box), kept, folder, media, MediaAnnouncer(room), clock)


@dataclass(slots=True)
class Caller:
    """Somebody of one account: a server, or with an `identity` a client."""

    rig: Rig
    account: Account
    http: httpx.AsyncClient
    identity: str | None = None
    mount: str = "/mcs"

    @property
    def media(self) -> str:
        return f"{self.mount}/v1/Services/{self.account.service_sid}/Media"

    @property
    def actor(self) -> Actor:
        identity = None if self.identity is None else Identity(self.identity)
        return Actor(account_sid=self.account.sid, service_sid=self.account.service_sid, identity=identity)

    async def upload(self, content: bytes = PNG, kind: str = "image/png", **query: str) -> Any:  # Any: JSON
        response = await self.http.post(self.media, content=content, headers={"Content-Type": kind}, params=query)
        assert (response.status_code, response.headers["content-type"]) == (201, JSON), response.text
        return response.json()

    async def get(self, sid: str) -> Any:  # Any: JSON
        response = await self.http.get(f"{self.media}/{sid}")
        assert (response.status_code, response.headers["content-type"]) == (200, JSON), response.text
        return response.json()

    async def channel(self, *members: str, private: bool = False) -> str:
        """The SID of a new one, made by a server."""
        path = f"/chat/v2/Services/{self.account.service_sid}/Channels"
        response = await self.http.post(path, data={"Type": "private" if private else "public"})
        sid: str = response.json()["sid"]
        for identity in members:
            response = await self.http.post(f"{path}/{sid}/Members", data={"Identity": identity})
            assert response.status_code == 201, response.text
        return sid

    async def send(self, channel: str, media_sid: str, **values: str) -> Any:  # Any: JSON
        """A message with that file, by a server."""
        path = f"/chat/v2/Services/{self.account.service_sid}/Channels/{channel}/Messages"
        response = await self.http.post(path, data={"MediaSid": media_sid, **values})
        assert response.status_code == 201, response.text
        return response.json()

    async def refused(self, method: str, path: str, **request: Any) -> tuple[int, int]:  # Any: httpx's own
        """Status and code; `path` is below the collection."""
        response = await self.http.request(method, f"{self.media}{path}", **request)
        return refusal(response)


def refusal(response: httpx.Response) -> tuple[int, int]:
    body = response.json()
    assert set(body) == {"code", "message", "more_info", "status"}, body
    assert body["status"] == response.status_code
    return response.status_code, body["code"]


def token(account: Account, identity: str, *, now: datetime | None = None, ttl: int = 3600) -> str:
    return mint(
        account_sid=account.sid,
        key_sid=account.key_sid,
        secret=account.key_secret,
        service_sid=account.service_sid,
        identity=identity,
        now=now or datetime.now(UTC),
        ttl=ttl,
    )


def link_of(record: Any) -> str:  # Any: JSON
    link: str = record["links"]["content_direct_temporary"]
    return link


async def pieces(count: int, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    for number in range(count):
        yield bytes([number % 256]) * size


async def hang_up(rig: Rig, path: str, headers: Mapping[str, str], first: bytes, method: str = "POST") -> list[Message]:
    """Sends some of a body and is gone. What was answered, if anything."""
    events: list[Message] = [
        {"type": "http.request", "body": first, "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered: list[Message] = []
    url, _, query = path.partition("?")

    async def receive() -> Message:
        return events.pop(0)

    async def send(message: Message) -> None:
        answered.append(message)

    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "http_version": "1.1",
        "path": url,
        "raw_path": url.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"server.test"), *((k.lower().encode(), v.encode()) for k, v in headers.items())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    await rig.app(scope, receive, send)
    return answered
