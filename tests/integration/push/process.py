"""A real worker process, the doors of Apple, and what it leaves behind when it is killed."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.secrets import SecretBox
from chatcore.child import Child
from chatcore.commands.credentials import CredentialDraft, Credentials
from chatcore.domain.devices import PushType
from chatcore.domain.ids import CredentialSid
from chatcore.ports.devices import SecretParts
from tests.support.apns_peer import ApnsPeer
from tests.support.http2_peer import Heard, Reaction, Reply, Silence, serving
from tests.support.push_keys import KEY_ID, TEAM_ID, authority, public, token_key

from .phones import Phones

_KEY: Final = "a-key-for-tests-that-is-long-enough"
_START: Final = 60.0
_STOP: Final = 30.0


@dataclass(slots=True)
class Office:
    """Workers start with `started`."""

    phones: Phones
    apns: ApnsPeer
    credential: CredentialSid
    redis: Redis
    environ: dict[str, str]
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each device was told of each event."""
    workers: int = 0
    silent: bool = False  # the doors are open, and nobody answers

    def __post_init__(self) -> None:
        self.apns.react = self._took

    @contextlib.asynccontextmanager
    async def started(self) -> AsyncIterator[Child]:
        """SIGTERM at the end, unless it has ended before."""
        self.workers += 1
        with tempfile.TemporaryFile() as log:
            environ = self.environ | {"CHAT_NODE": f"worker-{self.workers}"}
            child = Child("push", [sys.executable, "-P", "-m", "push"], env=environ, output=log, reports_ready=True)
            try:
                await child.ready(_START)
                yield child
                await child.stop((signal.SIGTERM, _STOP))
            finally:
                child.close()
                log.seek(0)
                output = log.read().decode()
                sys.stderr.write(output)  # pytest shows it with a failure
            assert "Traceback" not in output

    @property
    def doubles(self) -> int:
        """Pushes that were sent again."""
        return self.told.total() - len(self.told)

    async def empty(self) -> bool:
        return not await self.phones.world.pool.fetchval("SELECT EXISTS (SELECT FROM outbox)")

    async def jobs(self) -> list[int]:
        rows = await self.phones.world.pool.fetch("SELECT id FROM outbox")
        return [row["id"] for row in rows]

    async def held(self) -> list[int]:
        """Jobs that somebody works on."""
        rows = await self.phones.world.pool.fetch("SELECT id FROM outbox WHERE claimed_by IS NOT NULL")
        return [row["id"] for row in rows]

    async def noted(self, jobs: list[int]) -> int:
        """Pushes that the workers noted as accepted."""
        return sum([await self.redis.scard(f"chat:push:sent:{job}") for job in jobs])

    async def let_leases_end(self) -> None:
        """As if a minute had passed."""
        await self.phones.world.pool.execute("UPDATE outbox SET due_at = now() WHERE claimed_by IS NOT NULL")

    def _took(self, heard: Heard) -> Reaction:
        self.told[(heard.path, heard.headers["apns-id"])] += 1
        return Silence() if self.silent else Reply()


@contextlib.asynccontextmanager
async def office(phones: Phones, dsn: str, redis_url: str, folder: Path) -> AsyncIterator[Office]:
    trusted, apple = authority(folder), token_key()
    parts = SecretParts(private_key=apple.private_key, key_id=apple.key_id, team_id=apple.team_id, topic=apple.topic)
    draft = CredentialDraft(type=PushType.APN, secrets=parts)
    world = phones.world
    held = Credentials(world.store, world.clock, PushSecretSafe(SecretBox([_KEY])))
    credential = await held.create(world.rest.account_sid, draft)
    # What is noted of jobs is kept by their numbers, and this Valkey has seen other tests' jobs.
    await world.pool.execute(f"ALTER TABLE outbox ALTER COLUMN id RESTART WITH {secrets.randbelow(2**50)}")
    async with contextlib.AsyncExitStack() as stack:
        apns = await stack.enter_async_context(serving(ApnsPeer(), trusted.tls()))
        apns.keys[(TEAM_ID, KEY_ID)] = public(apple.private_key or "")
        redis = Redis.from_url(redis_url)
        stack.push_async_callback(redis.aclose)
        # A memory that began long ago: nobody has to wait for nodes to announce their connections.
        await redis.set("chat:presence-began", 0)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")} | {
            "CHAT_POSTGRES_DSN": dsn,
            "CHAT_REDIS_URL": redis_url,
            "CHAT_SECRET_KEY": _KEY,
            "CHAT_APNS_URL": apns.url,
            "CHAT_APNS_CA_FILE": str(trusted.ca),
        }
        yield Office(phones, apns, credential.sid, redis, environ)
        assert apns.faults == []
