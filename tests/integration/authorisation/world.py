"""Two accounts, three services and everybody of the table, at one gateway."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from chatcore.auth.secrets import SecretBox
from chatcore.auth.tokens import mint
from chatcore.domain.ids import AccountSid, KeySid, ServiceSid
from chatcore.store.admin import Admin
from chatcore.store.postgres import PostgresStore
from tests.integration.rest.rig import Account, new_account
from tests.support.lone_gateway import SECRET_KEY, http_client, lone_gateway
from tests.support.native import NativeClient
from tests.support.servers import Servers, cloned_database

from .doors import LIST, Doors
from .fingerprint import Reader
from .outcomes import ADMITTED, Caller, Kind
from .room import INVITED, MEMBER, OWNER, SUBJECT, Builder, Room

OUTSIDER, RETURNED = "cat", "fay"
IDENTITIES: Mapping[Caller, str] = {
    Caller.MEMBER: MEMBER,
    Caller.INVITED: INVITED,
    Caller.OUTSIDER: OUTSIDER,
    Caller.RETURNED: RETURNED,
}
"""Of all others: the owner's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """`rooms` stay as they are; what may be changed is asked of fresh ones."""

    doors: Doors
    builder: Builder
    rooms: Mapping[Kind, Room]
    state: Reader
    witness: NativeClient
    """A member of the rooms that hears everything said in them."""
    home: Account
    other_service: ServiceSid
    stranger: Account


@contextlib.asynccontextmanager
async def running_gateway(servers: Servers, folder: Path) -> AsyncIterator[tuple[str, PostgresStore, Admin]]:
    """Its URL, and the store and administration of its database."""
    async with cloned_database(servers) as dsn, lone_gateway(dsn, servers.redis_url, folder) as url:
        store = await PostgresStore.open(dsn, min_size=1, max_size=3)
        try:
            yield url, store, Admin(store.pool, SecretBox([SECRET_KEY]))
        finally:
            await store.close()


@contextlib.asynccontextmanager
async def running_world(url: str, store: PostgresStore, admin: Admin) -> AsyncIterator[World]:
    async with contextlib.AsyncExitStack() as stack:
        home, stranger = await new_account(admin), await new_account(admin)
        auth = (home.sid, home.auth_token)
        http = await stack.enter_async_context(http_client(url, auth=auth))
        asking = await stack.enter_async_context(http_client(url))
        credential = (await http.post("/v2/Credentials", data={"Type": "fcm", "Secret": "secret"})).json()["sid"]
        other_service = await admin.create_service(home.sid, "Annex")
        tokens = await _tokens(admin, home, stranger, other_service, credential)
        identities = {caller: IDENTITIES.get(caller, OWNER) for caller in Caller}
        doors = Doors(url=url, tokens=tokens, identities=identities, http=asking, stack=stack)
        builder = await _builder(http, home.service_sid)
        builder.fixed |= {"credential": credential, "device": "", "device_token": "", "command_list": ""}
        users = f"/v2/Services/{home.service_sid}/Users"
        profile = {"FriendlyName": "profile-name", "Attributes": '{"p":"profile-x"}'}
        subject = await builder.post(users, Identity=SUBJECT, **profile)
        builder.fixed["subject_sid"] = subject["sid"]
        builder.fixed["owner_sid"] = (await builder.post(users, Identity=OWNER))["sid"]
        for caller in (Caller.OWNER, Caller.MEMBER, Caller.INVITED):
            await doors.open(caller)
        made = await doors.twilsock[Caller.OWNER].request("POST", "/v3/Lists", LIST)
        builder.fixed["command_list"] = made.body["sid"]
        device = f"device-of-the-owner:{secrets.token_hex(8)}"
        registered = await doors.native[Caller.OWNER].rpc("push.register", type="fcm", token=device)
        builder.fixed |= {"device": registered["binding_sid"], "device_token": device}
        rooms = {kind: await builder.room(kind, RETURNED) for kind in Kind}
        assert (await http.delete(f"{users}/{RETURNED}")).status_code == 204
        for caller in ADMITTED:
            if caller not in doors.native:
                await doors.open(caller)
        witness = await doors.open_native()
        await witness.connect(tokens[Caller.MEMBER])
        yield World(
            doors=doors,
            builder=builder,
            rooms=rooms,
            state=await Reader.of(store),
            witness=witness,
            home=home,
            other_service=other_service,
            stranger=stranger,
        )


async def _builder(http: httpx.AsyncClient, service: str) -> Builder:
    roles = (await http.get(f"/v2/Services/{service}/Roles")).json()["roles"]
    sids = {role["friendly_name"]: role["sid"] for role in roles}
    return Builder(http, service, sids["channel admin"], sids["channel user"], {})


async def _tokens(
    admin: Admin, home: Account, stranger: Account, other_service: ServiceSid, credential: str
) -> dict[Caller, str]:
    revoked = await admin.create_key(home.sid, "Revoked")
    await admin.revoke_key(revoked.sid)

    def token(
        identity: str,
        *,
        account: AccountSid = home.sid,
        key: tuple[KeySid, str] = (home.key_sid, home.key_secret),
        service: ServiceSid = home.service_sid,
        age: timedelta = timedelta(),
    ) -> str:
        return mint(
            account_sid=account,
            key_sid=key[0],
            secret=key[1],
            service_sid=service,
            identity=identity,
            now=datetime.now(UTC) - age,
            push_credential_sid=credential,
        )

    foreign = (stranger.key_sid, stranger.key_secret)
    return {
        **{caller: token(identity) for caller, identity in IDENTITIES.items()},
        Caller.OWNER: token(OWNER),
        Caller.OTHER_SERVICE: token(OWNER, service=other_service),
        Caller.OTHER_ACCOUNT: token(OWNER, account=stranger.sid, key=foreign, service=stranger.service_sid),
        Caller.EXPIRED: token(OWNER, age=timedelta(hours=2)),
        Caller.REVOKED: token(OWNER, key=(revoked.sid, revoked.secret)),
        Caller.FORGED: token(OWNER, key=(home.key_sid, stranger.key_secret)),
    }
