"""Opens the database for one administrative command, whether it is configured, running already, or asleep."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict
from typing import Final
from urllib.parse import quote

from chatcore.auth.secrets import SecretBox
from chatcore.broker.opening import broker_at
from chatcore.commands.chat import Chat, build
from chatcore.commands.rates import Rates
from chatcore.config import ConfigError, Settings
from chatcore.domain.events import Announcement
from chatcore.embedded.folders import BOOTSTRAP_FILE, SECRET_KEY_FILE, DataDir
from chatcore.embedded.postgres import DSN_FILE, EmbeddedPostgres
from chatcore.ports.broker import Publisher
from chatcore.ports.clock import SystemClock
from chatcore.ports.hooks import NullHook
from chatcore.store.admin import Admin
from chatcore.store.postgres import PostgresStore
from chatcore.supervisor.errors import SupervisorError

VALKEY_SOCKET: Final = "valkey.sock"
"""Of the embedded broker, in the folder of its sockets."""


@contextlib.asynccontextmanager
async def administration(dsn: str, secret_keys: Sequence[str]) -> AsyncIterator[Admin]:
    store = await PostgresStore.open(dsn, min_size=1, max_size=2)
    try:
        yield Admin(store.pool, SecretBox(secret_keys))
    finally:
        await store.close()


@contextlib.asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """The DSN of the configured database, or of the embedded one, which is started for the duration if need be."""
    if settings.postgres_dsn is not None:
        yield settings.postgres.dsn
        return
    data = DataDir(settings.data_dir)
    if not data.lock():
        running = data.read(DSN_FILE)
        if running is None:
            raise SupervisorError(f"`chatcore up` is just starting in {data.path}; try again when it is ready")
        yield running
        return
    postgres = EmbeddedPostgres(data)
    try:
        yield await postgres.start()
    finally:
        await postgres.stop()
        data.unlock()


@contextlib.asynccontextmanager
async def commands(settings: Settings) -> AsyncIterator[tuple[Chat, PostgresStore]]:
    """The commands that nodes execute, executed here: without limits and webhooks. Clients hear of what they do; where
    the broker is away, or unknown, as soon as their nodes look into the log."""
    async with contextlib.AsyncExitStack() as stack:
        dsn = await stack.enter_async_context(database(settings))
        store = await PostgresStore.open(dsn, min_size=1, max_size=2)
        stack.push_async_callback(store.close)
        publisher: Publisher = Unheard()
        if (url := _broker_url(settings)) is not None:
            broker = broker_at(url, node="administration")
            await broker.open()
            stack.push_async_callback(broker.close)
            publisher = broker
        clock = SystemClock()
        ceiling = settings.rates.limit_ceiling
        chat = build(store, publisher, clock, NullHook(), Rates(clock, channel=0, service=0), limit_ceiling=ceiling)
        yield chat, store


class Unheard:
    """A publisher that nobody listens to."""

    def publish(self, announcements: Sequence[Announcement]) -> None:
        pass


def _broker_url(settings: Settings) -> str | None:
    """Of the configured broker, or of the embedded one that runs beside a running `chatcore up`."""
    if settings.redis_url is not None:
        return settings.redis
    socket = settings.data_dir.absolute() / "run" / VALKEY_SOCKET
    return f"unix://{quote(str(socket))}" if socket.exists() else None


def secret_keys(settings: Settings) -> Sequence[str]:
    """The configured keys, or the one that development keeps in the data folder."""
    if settings.secret_keys:
        return settings.secret_keys
    kept = DataDir(settings.data_dir).read(SECRET_KEY_FILE)
    if kept is None:
        raise ConfigError(["CHAT_SECRET_KEY: set it to the value that the gateways have"])
    return (kept,)


def first_identifiers(settings: Settings) -> dict[str, str]:
    """SIDs and secrets of the first account, key and service: as configured, else as kept in the data folder."""
    kept: dict[str, str] = json.loads(DataDir(settings.data_dir).read(BOOTSTRAP_FILE) or "{}")
    given = {name: value for name, value in asdict(settings.bootstrap).items() if value is not None}
    known = kept | given
    missing = sorted(set(asdict(settings.bootstrap)) - set(known) - {"auth_token"})
    if missing:
        raise ConfigError(
            [f"CHAT_BOOTSTRAP_{name.upper()}: not set, and no `chatcore up` made one" for name in missing]
        )
    return known
