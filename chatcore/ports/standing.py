"""What live connections rest on: keys, accounts, services and users that may go away at any moment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from chatcore.domain.ids import KeySid, ServiceSid, UserSid


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Of what was asked about, what is not there any more. Empty: everything stands."""

    keys: Collection[KeySid] = ()  # revoked
    suspended: Collection[KeySid] = ()  # in force, but of an account that is suspended
    services: Collection[ServiceSid] = ()
    users: Collection[UserSid] = ()

    def __bool__(self) -> bool:
        return bool(self.keys or self.suspended or self.services or self.users)


class StandingReader(Protocol):
    """Sees what was committed before the call. Raises ChatError(UNAVAILABLE)."""

    async def gone(
        self, keys: Collection[KeySid], services: Collection[ServiceSid], users: Collection[UserSid]
    ) -> Gone: ...
