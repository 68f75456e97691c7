"""The pool, its transactions, and everything that can be read or changed through them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import asyncpg

from .account_configurations import AccountConfigurations
from .addresses import Addresses
from .bindings import Bindings
from .channel_webhooks import ChannelWebhooks
from .channels import Channels
from .conversations import Conversations
from .credentials import Credentials
from .errors import raise_translated
from .events import Events
from .guests import Guests, Receipts
from .invites import Invites
from .media import MediaFiles
from .members import Members
from .messages import Messages
from .outbox import Outbox
from .roles import Roles
from .services import Services
from .session import ConnectionSession, PoolSession, Session
from .users import Users

CONNECT_TIMEOUT = 5.0  # seconds
PING_TIMEOUT = 2.0
COMMAND_TIMEOUT = 15.0
"""For a server that has gone silent; one that lives cancels statements before that."""

SPARE = 2
"""Pools larger than this one give a connection to the statements that are planned once."""

_SERVER_SETTINGS = {
    "application_name": "chatcore",
    "timezone": "UTC",
    "jit": "off",  # statements are short: compiling would cost more than running
    # Every statement that runs often has its indexes. Left to itself the planner reads small tables whole, keeps that
    # plan while they grow, and pays for every dead row of a busy one.
    "enable_seqscan": "off",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",  # a process that vanished or froze must not keep its locks
}
_PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
"""Statements get one plan, made without a look at their parameters and kept until the next ANALYZE of their tables. For
those that take longer to plan than to run, and whose plan is tolerable also where it was made while tables were
empty."""


class Repositories:
    """All repositories over one session."""

    __slots__ = (
        "account_configurations",
        "addresses",
        "bindings",
        "channel_webhooks",
        "channels",
        "conversations",
        "credentials",
        "events",
        "guests",
        "invites",
        "media",
        "members",
        "messages",
        "outbox",
        "receipts",
        "roles",
        "services",
        "users",
    )

    def __init__(self, session: Session, planned_once: Session | None = None) -> None:
        """`planned_once`: where those statements go for which that pays."""
        self.services = Services(session)
        self.roles = Roles(session)
        self.users = Users(session)
        self.channels = Channels(session)
        self.members = Members(session)
        self.invites = Invites(session)
        self.messages = Messages(session, planned_once or session)
        self.events = Events(session)
        self.outbox = Outbox(session)
        self.media = MediaFiles(session)
        self.channel_webhooks = ChannelWebhooks(session)
        self.guests = Guests(session)
        self.receipts = Receipts(session)
        self.conversations = Conversations(session)
        self.account_configurations = AccountConfigurations(session)
        self.addresses = Addresses(session)
        self.bindings = Bindings(session)
        self.credentials = Credentials(session)


class PostgresStore:
    """Statements are prepared once per connection and keep no state in it: connections may be swapped at any time,
    but a proxy that shares one connection between transactions has to know prepared statements."""

    def __init__(self, pool: asyncpg.Pool, planned_once: asyncpg.Pool | None = None) -> None:
        self.pool = pool
        self._planned_once = planned_once
        self._session = PoolSession(pool, keep=pool.get_max_size() // 2)
        self._sessions = [self._session]
        if planned_once is not None:
            self._sessions.append(PoolSession(planned_once, keep=1))
        self.read = Repositories(self._session, self._sessions[-1])

    @classmethod
    async def open(cls, dsn: str, *, min_size: int = 2, max_size: int = 10) -> PostgresStore:
        """Raises ChatError(UNAVAILABLE) when the database cannot be reached. `max_size` connections, all together."""
        if max_size <= SPARE:
            return cls(await _pool(dsn, min(min_size, max_size), max_size, _SERVER_SETTINGS))
        pool = await _pool(dsn, min(min_size, max_size - 1), max_size - 1, _SERVER_SETTINGS)
        return cls(pool, await _pool(dsn, 0, 1, _SERVER_SETTINGS | _PLANNED_ONCE))

    async def close(self) -> None:
        """Waits for transactions that run."""
        for session in self._sessions:
            await session.close()
        for pool in (self._planned_once, self.pool):
            if pool is not None:
                await pool.close()

    async def ping(self) -> None:
        """Raises ChatError(UNAVAILABLE) when the database does not answer within two seconds."""
        try:
            async with self.pool.acquire(timeout=PING_TIMEOUT) as connection:
                await connection.fetchval("SELECT 1", timeout=PING_TIMEOUT)
        except Exception as error:
            raise_translated(error)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Repositories]:
        """READ COMMITTED: each statement sees what was committed before it began, and locks do the rest.

        Raises TransactionConflict, and ChatError(UNAVAILABLE); after the latter a commit may have happened.
        """
        try:
            connection = await self._session.borrow()
        except Exception as error:
            raise_translated(error)
        sound = False
        try:
            transaction = connection.transaction()
            try:
                await transaction.start()
            except Exception as error:
                raise_translated(error)
            try:
                yield Repositories(ConnectionSession(connection))
            except BaseException:
                with suppress(Exception):  # a connection that cannot roll back is thrown away by the pool
                    await transaction.rollback()
                raise
            try:
                await transaction.commit()
            except Exception as error:
                raise_translated(error)
            sound = True
        finally:
            await self._session.give_back(connection, sound=sound)


async def _pool(dsn: str, min_size: int, max_size: int, settings: Mapping[str, str]) -> asyncpg.Pool:
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=min_size,
            max_size=max_size,
            max_queries=0x7FFFFFFF,  # a new connection would have to prepare everything again
            max_inactive_connection_lifetime=300.0,
            init=_prepare_connection,
            reset=_reset,
            timeout=CONNECT_TIMEOUT,
            command_timeout=COMMAND_TIMEOUT,
            statement_cache_size=500,
            max_cached_statement_lifetime=0,
            server_settings=dict(settings),
        )
    except Exception as error:
        raise_translated(error)


async def _prepare_connection(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_dump_json, decoder=json.loads)


def _dump_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _reset(connection: asyncpg.Connection) -> None:
    """Nothing to undo: no statement leaves settings, listeners or locks in its session. The default would cost one
    more round trip for every command."""
