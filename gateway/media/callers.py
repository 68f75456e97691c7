"""Who asks for files: servers with HTTP Basic, SDK clients with an access token in `X-Twilio-Token`."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Protocol

from starlette.types import Scope

from chatcore.auth.keys import Principal
from chatcore.auth.tokens import Grant, TokenError
from chatcore.commands.services import Services, service_not_found
from chatcore.domain.model import Actor
from gateway.http.call import Call
from gateway.http.errors import HttpError

TOKEN_HEADER = b"x-twilio-token"
_USER = "token"


class Verifier(Protocol):
    async def verify(self, token: str) -> Grant:
        """Raises TokenError, or ChatError(UNAVAILABLE)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Client(Principal):
    """The holder of an access token."""

    grant: Grant


class TokenCredentials:
    """Credentials of an Api whose callers are clients: their token is the password of one user name.

    So tokens go the way of all requests, and REST, whose user names are SIDs, can never be asked with one.
    """

    def __init__(self, tokens: Verifier) -> None:
        self._tokens = tokens

    async def check(self, sid: str, secret: str) -> Principal | None:
        """Raises HttpError with the status and code of what is wrong with the token."""
        if sid != _USER:
            return None
        try:
            grant = await self._tokens.verify(secret)
        except TokenError as error:
            raise HttpError(error.code.status, error.code, error.message) from None
        return Client(account_sid=grant.account_sid, key_sid=grant.key_sid, grant=grant)


def bears_token(scope: Scope) -> bool:
    """Whether the caller is a client, whatever else it shows: SDKs that are led here by a media prefix such as
    `@chat.example.org` have what was their host before the `@`, and some browsers make credentials of it."""
    return any(name == TOKEN_HEADER for name, _ in scope["headers"])


def with_token_as_password(scope: Scope) -> Scope:
    """The request as TokenCredentials know it."""
    token = next(value for name, value in scope["headers"] if name == TOKEN_HEADER)
    basic = b"Basic " + base64.b64encode(_USER.encode() + b":" + token.strip())
    others = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
    return {**scope, "headers": [*others, (b"authorization", basic)]}


async def actor_of(services: Services, call: Call) -> Actor:
    """Acting in the service of the path. Raises ChatError(SERVICE_NOT_FOUND), of the services of others too."""
    principal, sid = call.principal, call.params["service"]
    if isinstance(principal, Client):
        grant = principal.grant
        if sid != grant.service_sid:
            raise service_not_found(sid)
        return Actor(account_sid=grant.account_sid, service_sid=grant.service_sid, identity=grant.identity)
    service = await services.get(principal.account_sid, sid)
    return Actor(account_sid=service.account_sid, service_sid=service.sid)
