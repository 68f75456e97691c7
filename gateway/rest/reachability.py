"""Whether a user can be reached right now, for the resources of users."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from chatcore.domain.ids import Identity, ServiceSid
from chatcore.domain.model import Service, User

logger = logging.getLogger(__name__)

Online = Callable[[ServiceSid, list[Identity]], Awaitable[Mapping[Identity, bool | None]]]
"""Who has a live connection; None or missing for who never had one. Raises ConnectionError while it cannot tell."""


class Reachability:
    """Without `online` nobody's reachability is known."""

    def __init__(self, online: Online | None) -> None:
        self._online = online

    async def is_online(self, service: Service, user: User) -> bool | None:
        """None where the service does not ask for it, or it cannot be told."""
        if self._online is None or not service.reachability_enabled:
            return None
        try:
            return (await self._online(user.service_sid, [user.identity])).get(user.identity)
        except (ConnectionError, TimeoutError):
            logger.warning("Reachability is unknown", exc_info=True, extra={"action": "reachability_unknown"})
            return None
