"""An application with everything that REST offers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.applications import Starlette

from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.keys import KeyRing, SealedSecret
from chatcore.auth.secrets import SecretBox
from chatcore.auth.tokens import TokenVerifier
from chatcore.blobs.store import ObjectBlobs
from chatcore.commands.chat import build
from chatcore.commands.media import Media
from chatcore.commands.rates import Rates
from chatcore.ports.clock import SystemClock
from chatcore.ports.hooks import NullHook
from chatcore.store.accounts import Accounts
from chatcore.store.admin import Admin
from chatcore.store.keys import Keys
from chatcore.store.media_trash import MediaTrash
from chatcore.store.postgres import PostgresStore
from gateway.http.urls import Origins
from gateway.media.links import SignedLinks
from gateway.media.room import MediaRoom
from gateway.urls import build_app
from tests.integration.rest.rig import Reachability, Unheard

HOST = "http://server.test"
"""Means no product, so that prefixes of paths do."""
_KEY = "a key for tests"


@dataclass(slots=True)
class Rig:
    app: Starlette
    store: PostgresStore
    admin: Admin

    def http(self, auth: tuple[str, str] | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=HOST, auth=auth)


@contextlib.asynccontextmanager
async def running_rig(dsn: str, folder: Path) -> AsyncIterator[Rig]:
    """Files lie in the folder."""
    store = await PostgresStore.open(dsn, min_size=1, max_size=5)
    clock, box = SystemClock(), SecretBox([_KEY])
    rates, safe = Rates(clock, channel=0, service=0), PushSecretSafe(box)
    chat = build(store, Unheard(), clock, NullHook(), rates, limit_ceiling=1000, safe=safe)
    keys: Keys[SealedSecret] = Keys(store.pool, SealedSecret)
    ring = KeyRing(keys, box, clock)
    media = MediaRoom(
        media=Media(store, ObjectBlobs.of_folder(folder), MediaTrash(store.pool), chat.services, clock),
        services=chat.services,
        links=SignedLinks([_KEY], clock),
        tokens=TokenVerifier(ring, keys, clock),
        clock=clock,
        origins=None,
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
        online=Reachability().online,
        media=media,
    )
    batches = asyncio.create_task(chat.run())
    try:
        yield Rig(app, store, Admin(store.pool, box))
    finally:
        batches.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await batches
        await store.close()
