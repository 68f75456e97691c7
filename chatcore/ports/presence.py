"""Who is reachable: state of live sockets, with expiry, outside the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chatcore.domain.ids import Identity, ServiceSid


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One live connection of an identity."""

    connection: str
    service_sid: ServiceSid
    identity: Identity


class Presence(Protocol):
    """One entry per connection, gone 60 s after it was last announced. Raises ConnectionError while unreachable."""

    async def enter(self, session: Session, *, limit: int = 0) -> int:
        """Announces the session; returns how many live ones the identity has in the service, this one included. With a
        limit, one that would be too many is counted and not announced."""
        ...

    async def leave(self, session: Session, *, goodbye: bool = False) -> int:
        """Withdraws the session; returns how many remain. `goodbye`: its client said so, and knows what it misses."""
        ...

    async def announce(self, sessions: Iterable[Session]) -> None:
        """Renews many at once."""
        ...

    async def online(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Mapping[Identity, bool]: ...
