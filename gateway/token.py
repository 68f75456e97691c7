"""Access tokens for back-ends that have no Twilio helper library, and for developers.

A back-end authenticates like any REST caller and says whom the token is for. The token is signed with the API key of
the request, or with the account's oldest one where the caller used the account's auth token.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatcore.auth.keys import Credentials, Principal
from chatcore.auth.tokens import MAX_LIFETIME, KeyLookup, ServiceLookup, mint
from chatcore.commands.chat import Chat
from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, KeySid, ServiceSid, is_sid
from chatcore.domain.model import Actor, given
from chatcore.domain.permissions import RoleType
from chatcore.ports.clock import Clock
from gateway.http.auth import authenticate
from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.forms import MAX_BODY, MAX_FIELDS, Form, parse_body, parse_query, read_body
from gateway.http.responses import iso_seconds, json_response

LIFETIME = 3600
"""Seconds a token lives unless told: the default of the Twilio helper libraries."""


class Accounts(Protocol):
    """What stands in where a caller names no key and no service."""

    async def signing_key(self, account_sid: AccountSid) -> KeySid | None:
        """The oldest API key in force."""
        ...

    async def default_service(self, account_sid: AccountSid) -> ServiceSid | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DevelopmentKeys:
    """What `GET /token` signs with; it exists in development only."""

    account_sid: AccountSid
    key_sid: KeySid
    secret: str = field(repr=False)
    service_sid: ServiceSid


class TokenEndpoint:
    """`POST /token`, and with `development` also `GET /token?identity=`, which asks for no credentials."""

    def __init__(
        self,
        *,
        chat: Chat,
        credentials: Credentials,
        keys: KeyLookup,
        services: ServiceLookup,
        accounts: Accounts,
        clock: Clock,
        development: DevelopmentKeys | None = None,
    ) -> None:
        self._chat = chat
        self._credentials = credentials
        self._keys = keys
        self._services = services
        self._accounts = accounts
        self._clock = clock
        self._development = development

    def routes(self) -> list[Route]:
        routes = [Route("/token", self.create, methods=["POST"])]
        if self._development is not None:
            routes.append(Route("/token", self.create_in_development, methods=["GET"]))
        return routes

    async def create(self, request: Request) -> Response:
        """Raises HttpError and ChatError: 400 for bad parameters, 404 for a service or role of somebody else."""
        principal = await authenticate(request.headers.get("authorization"), self._credentials)
        form = await _read(request)
        identity = limits.identity(form.required("identity"))
        ttl = given(form.integer("ttl", low=1, high=MAX_LIFETIME), LIFETIME)
        endpoint_id = _optional(form, "endpoint_id")
        credential_sid = _optional(form, "push_credential_sid")
        if credential_sid is not None and not is_sid("CR", credential_sid):
            raise HttpError(400, INVALID_PARAMETER, "push_credential_sid is not the SID of a push credential")
        role_sid = _optional(form, "role_sid")
        service_sid = await self._service(principal.account_sid, _optional(form, "service_sid"))
        if role_sid is not None:
            await self._check_role(Actor(account_sid=principal.account_sid, service_sid=service_sid), role_sid)
        key_sid, secret = await self._key(principal)
        now = self._clock.now()
        token = mint(
            account_sid=principal.account_sid,
            key_sid=key_sid,
            secret=secret,
            service_sid=service_sid,
            identity=identity,
            now=now,
            ttl=ttl,
            endpoint_id=endpoint_id,
            deployment_role_sid=role_sid,
            push_credential_sid=credential_sid,
        )
        return _answer({"identity": identity, "token": token, "expires_at": iso_seconds(_expiry(now, ttl))})

    async def create_in_development(self, request: Request) -> Response:
        """What sample applications of the Twilio SDKs ask their back-end."""
        keys = self._development
        assert keys is not None, "routed in development only"
        query = parse_query(request.scope.get("query_string", b""))
        identity = limits.identity(query.required("identity"))
        device = _optional(query, "device")
        token = mint(
            account_sid=keys.account_sid,
            key_sid=keys.key_sid,
            secret=keys.secret,
            service_sid=keys.service_sid,
            identity=identity,
            now=self._clock.now(),
            ttl=LIFETIME,
            endpoint_id=None if device is None else f"chat:{identity}:{device}",
        )
        return _answer({"identity": identity, "token": token})

    async def _service(self, account_sid: AccountSid, sid: str | None) -> ServiceSid:
        if sid is None:
            default = await self._accounts.default_service(account_sid)
            if default is None:
                raise HttpError(400, INVALID_PARAMETER, "service_sid is missing, and the account has no service")
            return default
        service_sid = ServiceSid(sid)
        if not is_sid("IS", sid) or await self._services.service_account(service_sid) != account_sid:
            raise HttpError(404, Code.SERVICE_NOT_FOUND, "service_sid is not a service of the account")
        return service_sid

    async def _check_role(self, actor: Actor, sid: str) -> None:
        role = await self._chat.roles.get(actor, sid)
        if role.type is not RoleType.DEPLOYMENT:
            raise ChatError(Code.DEPLOYMENT_ROLE_NOT_FOUND, f"Role {sid} is not a deployment role")

    async def _key(self, principal: Principal) -> tuple[KeySid, str]:
        key_sid = principal.key_sid or await self._accounts.signing_key(principal.account_sid)
        record = await self._keys.key(key_sid) if key_sid is not None else None
        if key_sid is None or record is None or record.revoked:
            raise HttpError(409, Code.CONFLICT, "The account has no API key to sign tokens with")
        return key_sid, record.secret


def _expiry(now: datetime, ttl: int) -> datetime:
    """A token counts whole seconds."""
    return now.replace(microsecond=0) + timedelta(seconds=ttl)


def _answer(body: dict[str, object]) -> Response:
    response = json_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response


def _optional(form: Form, name: str) -> str | None:
    """Empty counts as absent."""
    return given(form.text(name, limit=limits.NAME_CHARS), None) or None


async def _read(request: Request) -> Form:
    content_type = request.headers.get("content-type", "")
    body = await read_body(request, MAX_BODY)
    if content_type.partition(";")[0].strip().lower() == "application/json":
        return Form(_json_pairs(body))
    return parse_body(content_type, body)


def _json_pairs(body: bytes) -> list[tuple[str, str]]:
    """The members of a JSON object that are text or whole numbers; null counts as absent."""
    try:
        members = msgspec.json.decode(body, type=dict[str, str | int | None])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        message = "The body must be a JSON object of strings, integers and nulls"
        raise HttpError(400, INVALID_PARAMETER, message) from None
    if len(members) > MAX_FIELDS:
        raise HttpError(400, INVALID_PARAMETER, f"More than {MAX_FIELDS} parameters")
    return [(name, str(value)) for name, value in members.items() if value is not None]
