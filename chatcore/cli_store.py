"""How a command that needs nothing but the database reaches it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

import click

from chatcore import config
from chatcore.domain.errors import ChatError
from chatcore.telemetry import set_up_logging

if TYPE_CHECKING:
    from chatcore.store.postgres import PostgresStore

T = TypeVar("T")


def with_store(action: Callable[[PostgresStore], Awaitable[T]]) -> T:
    """What `action` answers on the configured database, or the embedded one. Ends the program with the message of a
    ChatError."""
    from chatcore.store.postgres import PostgresStore
    from chatcore.supervisor.administration import database

    settings, _ = config.load(os.environ)
    set_up_logging(settings.log_level, settings.log_format)

    async def run() -> T:
        async with database(settings) as dsn:
            store = await PostgresStore.open(dsn, min_size=1, max_size=2)
            try:
                return await action(store)
            finally:
                await store.close()

    try:
        return asyncio.run(run())
    except ChatError as error:
        raise click.ClickException(error.message) from error
