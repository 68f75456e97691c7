"""What stands and what does not, as a test says."""

from __future__ import annotations

from collections.abc import Callable, Collection

from chatcore.domain.ids import KeySid, ServiceSid, UserSid
from chatcore.ports.standing import Gone


class Facts:
    """A StandingReader. `gone_now` may name more than what is asked about."""

    def __init__(self) -> None:
        self.gone_now = Gone()
        self.failure: Exception | None = None
        self.asked: list[tuple[set[KeySid], set[ServiceSid], list[UserSid]]] = []
        self.while_reading: Callable[[], None] = lambda: None
        """Called between what was seen and its return."""

    async def gone(
        self, keys: Collection[KeySid], services: Collection[ServiceSid], users: Collection[UserSid]
    ) -> Gone:
        self.asked.append((set(keys), set(services), list(users)))
        if self.failure is not None:
            raise self.failure
        seen = Gone(
            keys=set(keys) & set(self.gone_now.keys),
            suspended=set(keys) & set(self.gone_now.suspended),
            services=set(services) & set(self.gone_now.services),
            users=set(users) & set(self.gone_now.users),
        )
        self.while_reading()
        return seen
