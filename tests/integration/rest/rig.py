"""A REST application over a store, and a caller of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette

from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.keys import KeyRing, SealedSecret
from chatcore.auth.secrets import SecretBox
from chatcore.commands.chat import Chat, build
from chatcore.commands.rates import Rates
from chatcore.domain.events import Announcement
from chatcore.domain.ids import AccountSid, Identity, KeySid, MediaSid, ServiceSid, new_sid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import MediaCategory
from chatcore.ports.clock import SystemClock
from chatcore.ports.hooks import NullHook
from chatcore.store.accounts import Accounts
from chatcore.store.admin import Admin
from chatcore.store.keys import Keys
from chatcore.store.postgres import PostgresStore
from gateway.http.urls import Origins
from gateway.token import DevelopmentKeys
from gateway.urls import build_app

Values = Mapping[str, str | Sequence[str]]
HOST = "http://chat.test"


class Unheard:
    """A publisher nobody listens to."""

    def publish(self, announcements: Sequence[Announcement]) -> None:
        pass


@dataclass(slots=True)
class Reachability:
    """Who is online, as the test says."""

    known: dict[Identity, bool | None] = field(default_factory=dict)
    away: bool = False

    async def online(self, service_sid: ServiceSid, identities: list[Identity]) -> dict[Identity, bool | None]:
        if self.away:
            raise ConnectionError("no presence")
        return {identity: self.known[identity] for identity in identities if identity in self.known}


@dataclass(frozen=True, slots=True)
class Account:
    sid: AccountSid
    auth_token: str
    key_sid: KeySid
    key_secret: str
    service_sid: ServiceSid


@dataclass(slots=True)
class Rig:
    """The application and what stands around it. Shared by many tests: each has an account of its own."""

    app: Starlette
    chat: Chat
    store: PostgresStore
    admin: Admin
    reachability: Reachability
    reasons: list[str]  # why the node is not ready

    def http(self, auth: tuple[str, str] | None = None, *, base_url: str = HOST) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base_url, auth=auth)


async def new_account(admin: Admin) -> Account:
    """With one key and one service."""
    account = await admin.create_account("Acme")
    key = await admin.create_key(account.sid, "Key")
    service_sid = await admin.create_service(account.sid, "Chat")
    return Account(account.sid, account.auth_token, key.sid, key.secret, service_sid)


def build_rig(
    store: PostgresStore,
    *,
    development: Account | None = None,
    account_limit: int = 0,
    limit_ceiling: int = 1000,
    channel_rate: float = 0,
    service_rate: float = 0,
) -> Rig:
    """Sends wait until `rig.chat.run()` runs."""
    clock, box = SystemClock(), SecretBox(["a key for tests"])
    reachability, reasons = Reachability(), list[str]()
    rates, safe = Rates(clock, channel=channel_rate, service=service_rate), PushSecretSafe(box)
    chat = build(store, Unheard(), clock, NullHook(), rates, limit_ceiling=limit_ceiling, safe=safe)
    keys: Keys[SealedSecret] = Keys(store.pool, SealedSecret)
    ring = KeyRing(keys, box, clock)

    async def readiness() -> list[str]:
        return reasons

    async def metrics() -> bytes:
        return b"chat_connections 0\n"

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
        online=reachability.online,
        account_limit=account_limit,
        development=None if development is None else _development(development),
    )
    return Rig(app, chat, store, Admin(store.pool, box), reachability, reasons)


def _development(account: Account) -> DevelopmentKeys:
    return DevelopmentKeys(
        account_sid=account.sid,
        key_sid=account.key_sid,
        secret=account.key_secret,
        service_sid=account.service_sid,
    )


async def plant_file(rig: Rig, service_sid: ServiceSid) -> str:
    """A file that was uploaded and that no message has yet."""
    now, sid = SystemClock().now(), MediaSid(new_sid("ME"))
    file = MediaFile(
        sid=sid,
        service_sid=service_sid,
        author=None,
        category=MediaCategory.MEDIA,
        content_type="image/png",
        filename=None,
        size=1,
        multipart=False,
        channel_sid=None,
        message_sid=None,
        message_index=None,
        uploaded_at=now,
        date_created=now,
        date_updated=now,
    )
    async with rig.store.transaction() as tx:
        await tx.media.insert(file)
    return sid


class Rest:
    """Speaks to Chat as one account. Paths are below `/v2/Services/{service}` unless they begin with a slash."""

    def __init__(self, http: httpx.AsyncClient, account: Account, *, version: str = "v2") -> None:
        self.http = http
        self.account = account
        self.version = version
        self.service_sid = account.service_sid

    def path(self, path: str) -> str:
        return (
            path
            if path.startswith(("/", "http"))
            else f"/{self.version}/Services/{self.service_sid}/{path}".rstrip("/")
        )

    async def get(self, path: str, **params: Any) -> Any:  # Any: JSON
        return await self._call("GET", path, 200, params=params or None)  # {} would drop the query of the URL

    async def create(self, path: str, values: Values | None = None, **more: str) -> Any:  # Any: JSON
        return await self._call("POST", path, 201, data={**(values or {}), **more})

    async def update(self, path: str, values: Values | None = None, **more: str) -> Any:  # Any: JSON
        return await self._call("POST", path, 200, data={**(values or {}), **more})

    async def delete(self, path: str) -> None:
        response = await self.http.delete(self.path(path))
        assert (response.status_code, response.content) == (204, b""), response.text

    async def refused(self, method: str, path: str, values: Values | None = None, **more: str) -> tuple[int, int]:
        """Status and code."""
        given = {**(values or {}), **more}
        query, data = (given, None) if method == "GET" else (None, given)
        response = await self.http.request(method, self.path(path), params=query, data=data)
        body = response.json()
        assert set(body) == {"code", "message", "more_info", "status"}, body
        assert body["status"] == response.status_code
        assert body["more_info"] == f"https://www.twilio.com/docs/errors/{body['code']}"
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        return response.status_code, body["code"]

    async def follow(self, page: Any, key: str, link: str = "next_page_url") -> list[Any]:  # Any: JSON
        """All items from `page` on, along one of its links."""
        items = list(page[key])
        while (url := page["meta"][link]) is not None:
            page = await self.get(url)
            items = items + page[key] if link == "next_page_url" else page[key] + items
        return items

    async def _call(self, method: str, path: str, status: int, **request: Any) -> Any:  # Any: httpx's own, and JSON
        response = await self.http.request(method, self.path(path), **request)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        return response.json()
