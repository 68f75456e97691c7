"""The columns of those who call REST, and what each operation has for them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import httpx

from chatcore.auth.tokens import mint
from chatcore.store.admin import Admin
from chatcore.store.postgres import PostgresStore
from gateway.reference.documents import Document
from gateway.reference.operation import PLACEHOLDERS, Operation
from tests.integration.contract.refused import absent_keys
from tests.integration.contract.scene import Scene
from tests.integration.rest.rig import Account, new_account
from tests.support.lone_gateway import http_client

Auth = tuple[str, str] | None


class Server(StrEnum):
    ACCOUNT = "account"
    API_KEY = "API key"
    OTHER_SERVICE = "other service"  # the account itself, by a path through another of its services
    OTHER_ACCOUNT = "other account"
    OTHER_KEY = "API key of another account"
    SUSPENDED = "suspended account"
    REVOKED = "revoked key"
    WRONG_SECRET = "wrong secret"
    CLIENT = "client's token"  # as it is shown to the media API
    CLIENT_BASIC = "client's token as password"
    NOBODY = "nobody"


class Gets(StrEnum):
    MAY = "may"
    OWN = "acts on own things"
    NOT_FOUND = "404/20404"
    FORBIDDEN = "403/20403"
    UNKNOWN = "401/20003"
    NOT_ASKED = "-"


CODES: Final[Mapping[Gets, tuple[int, int]]] = {
    Gets.NOT_FOUND: (404, 20404),
    Gets.FORBIDDEN: (403, 20403),
    Gets.UNKNOWN: (401, 20003),
}


def rule(document: Document, operation: Operation, server: Server) -> Gets:
    """The whole table of REST."""
    match server:
        case Server.ACCOUNT | Server.API_KEY:
            return Gets.MAY
        case Server.OTHER_ACCOUNT | Server.OTHER_KEY if operation.placeholders:
            return Gets.NOT_FOUND
        case Server.OTHER_ACCOUNT:
            return Gets.OWN
        case Server.OTHER_KEY:
            return Gets.NOT_ASKED
        case Server.OTHER_SERVICE:
            within = operation.placeholders[:1] == ("service",) and len(operation.placeholders) > 1
            return Gets.NOT_FOUND if within else Gets.NOT_ASKED
        case Server.SUSPENDED:
            return Gets.FORBIDDEN
        case Server.CLIENT if document.product == "mcs":
            return Gets.NOT_ASKED  # that is how clients ask there: they have rows of their own
        case Server.REVOKED | Server.WRONG_SECRET | Server.CLIENT | Server.CLIENT_BASIC | Server.NOBODY:
            return Gets.UNKNOWN


@dataclass(slots=True, kw_only=True)
class Servers:
    """Everybody, for the scene of one document."""

    scene: Scene
    url: str
    others: Account
    auths: Mapping[Server, Auth]
    token: str
    other_service: str
    stack: contextlib.AsyncExitStack
    _clients: dict[Server, httpx.AsyncClient] = field(default_factory=dict)

    async def ask(self, server: Server, request: Mapping[str, Any], path: Mapping[str, str]) -> httpx.Response:
        sent = dict(request)
        if server is Server.OTHER_SERVICE:
            sent["url"] = sent["url"].replace(path["service"], self.other_service, 1)
        if server not in self._clients:
            headers = {"X-Twilio-Token": self.token} if server is Server.CLIENT else {}
            client = http_client(self.url, auth=self.auths.get(server), headers=headers)
            self._clients[server] = await self.stack.enter_async_context(client)
        return await self._clients[server].request(**sent)


def unreal(operation: Operation) -> dict[str, str]:
    """A path to nothing."""
    return {name: next(absent_keys(name, PLACEHOLDERS[name])) for name in operation.placeholders}


@dataclass(frozen=True, slots=True)
class Stage:
    """Of scenes: a process and the store behind it."""

    store: PostgresStore


async def set_up(
    url: str, store: PostgresStore, admin: Admin, document: Document, stack: contextlib.AsyncExitStack
) -> Servers:
    home, others, suspended = [await new_account(admin) for _ in range(3)]
    await store.pool.execute("UPDATE accounts SET suspended = true WHERE sid = $1", suspended.sid)
    revoked = await admin.create_key(home.sid, "Revoked")
    await admin.revoke_key(revoked.sid)
    auth = (home.sid, home.auth_token)
    http = await stack.enter_async_context(http_client(url, auth=auth))
    token = mint(
        account_sid=home.sid,
        key_sid=home.key_sid,
        secret=home.key_secret,
        service_sid=home.service_sid,
        identity="ann",
        now=datetime.now(UTC),
    )
    auths: Mapping[Server, Auth] = {
        Server.ACCOUNT: auth,
        Server.API_KEY: (home.key_sid, home.key_secret),
        Server.OTHER_SERVICE: auth,
        Server.OTHER_ACCOUNT: (others.sid, others.auth_token),
        Server.OTHER_KEY: (others.key_sid, others.key_secret),
        Server.SUSPENDED: (suspended.sid, suspended.auth_token),
        Server.REVOKED: (revoked.sid, revoked.secret),
        Server.WRONG_SECRET: (home.sid, others.auth_token),
        Server.CLIENT_BASIC: ("token", token),
    }
    made = Servers(
        scene=Scene(Stage(store), http, home, document),
        url=url,
        others=others,
        auths=auths,
        token=token,
        other_service=await admin.create_service(home.sid, "Annex"),
        stack=stack,
    )
    for server in (Server.ACCOUNT, Server.OTHER_ACCOUNT):  # the first question makes the default service
        response = await made.ask(server, {"method": "GET", "url": "/conversations/v1/Configuration"}, {})
        assert response.status_code == 200, response.text
    return made
