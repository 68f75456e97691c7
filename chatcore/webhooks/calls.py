"""An event, told to a target over HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chatcore.domain.ids import AccountSid
from chatcore.ports.calls import Reply, Target, Told, Unreachable

from .client import Client
from .parameters import parameters
from .request import signed

AuthToken = Callable[[AccountSid], Awaitable[str | None]]


class HttpCalls:
    """Satisfies `ports.calls.Calls`."""

    def __init__(self, client: Client, auth_token: AuthToken) -> None:
        self._client = client
        self._auth_token = auth_token

    async def call(self, target: Target, told: Told, *, retry: int, token: str, patience: float) -> Reply:
        """Raises KeyError for an event that its vocabulary does not have, and ChatError(UNAVAILABLE)."""
        auth_token = await self._auth_token(told.account_sid)
        if auth_token is None:
            return Unreachable(f"account {told.account_sid} has no auth token to sign with")
        request = signed(target, parameters(told, retry), auth_token=auth_token, token=token)
        return await self._client.send(request, patience)
