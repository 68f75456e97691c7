"""What operators do, and the secrets they make."""

from __future__ import annotations

import asyncio

import pytest

from chatcore.auth.keys import KeyRing, SealedSecret
from chatcore.auth.secrets import SecretBox
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, KeySid, ServiceSid, is_sid, new_sid
from chatcore.domain.paging import Window
from chatcore.ports.clock import SystemClock
from chatcore.store.admin import Admin
from chatcore.store.keys import Keys
from chatcore.store.postgres import PostgresStore

from . import make


@pytest.fixture
def admin(store: PostgresStore) -> Admin:
    return Admin(store.pool, make.PlainBox())


@pytest.fixture
def keys(store: PostgresStore) -> Keys[SealedSecret]:
    return Keys(store.pool, SealedSecret)


async def test_an_account_has_a_sealed_token(admin: Admin, keys: Keys[SealedSecret]) -> None:
    account = await admin.create_account("Acme")
    assert is_sid("AC", account.sid)
    assert len(account.auth_token) == 32
    assert account.auth_token not in repr(account)
    found = await keys.account_secret(account.sid)
    assert found == SealedSecret(account_sid=account.sid, sealed=make.PlainBox().seal(account.auth_token))
    assert await keys.account_secret(AccountSid(new_sid("AC"))) is None


async def test_a_revoked_key_is_found_as_revoked(admin: Admin, keys: Keys[SealedSecret]) -> None:
    account = await admin.create_account("Acme")
    key = await admin.create_key(account.sid, "tokens", secret="s3cret")
    assert await keys.key_secret(key.sid) == SealedSecret(account_sid=account.sid, sealed=b"sealed:s3cret")
    assert await admin.revoke_key(key.sid)
    assert not await admin.revoke_key(key.sid)
    found = await keys.key_secret(key.sid)
    assert found is not None
    assert found.revoked
    assert await keys.key_secret(KeySid(new_sid("SK"))) is None


async def test_stored_secrets_open_with_the_real_box(store: PostgresStore) -> None:
    box = SecretBox(["a key of the operator"])
    key = await Admin(store.pool, box).create_key((await Admin(store.pool, box).create_account("Acme")).sid, "k")
    ring = KeyRing(Keys(store.pool, SealedSecret), box, SystemClock())
    principal = await ring.check(key.sid, key.secret)
    assert principal is not None
    assert principal.key_sid == key.sid


async def test_a_key_of_nobody_is_refused(admin: Admin) -> None:
    with pytest.raises(ChatError) as refused:
        await admin.create_key(new_sid("AC"), "tokens")
    assert refused.value.code is Code.NOT_FOUND


async def test_sids_are_taken_once(admin: Admin) -> None:
    account = await admin.create_account("Acme")
    for attempt in (admin.create_account("Again", sid=account.sid),):
        with pytest.raises(ChatError) as refused:
            await attempt
        assert refused.value.code is Code.CONFLICT


async def test_a_service_belongs_to_its_account(store: PostgresStore, admin: Admin, keys: Keys[SealedSecret]) -> None:
    account = await admin.create_account("Acme")
    sid = await admin.create_service(account.sid, "Chat")
    service = await store.read.services.find(sid)
    assert service is not None
    assert len((await store.read.roles.list(sid, Window(limit=10))).items) == 4
    assert await keys.service_account(sid) == account.sid
    await store.read.services.delete(sid, make.NOW)
    assert await keys.service_account(sid) is None


async def test_bootstrap_makes_everything_once(lone_store: PostgresStore) -> None:
    admin = Admin(lone_store.pool, make.PlainBox())
    first, *others = await asyncio.gather(*(admin.bootstrap() for _ in range(3)))
    assert [is_sid(prefix, first[name]) for prefix, name in (("AC", "account_sid"), ("SK", "api_key_sid"))] == [
        True
    ] * 2
    assert others == [first, first]
    assert await admin.bootstrap() == first
    assert await lone_store.pool.fetchval("SELECT default_service_sid FROM accounts") == first["service_sid"]


async def test_bootstrap_takes_what_is_given(lone_store: PostgresStore) -> None:
    admin = Admin(lone_store.pool, make.PlainBox())
    wanted = {
        "account_sid": new_sid("AC"),
        "auth_token": "t0ken",
        "api_key_sid": new_sid("SK"),
        "api_key_secret": "s3cret",
        "service_sid": new_sid("IS"),
    }
    assert await admin.bootstrap(**wanted) == wanted
    assert await admin.bootstrap(**wanted | {"auth_token": "other", "api_key_secret": "other"}) == wanted
    assert await admin.bootstrap() == wanted
    for name in ("api_key_sid", "service_sid"):
        with pytest.raises(ChatError) as refused:
            await admin.bootstrap(account_sid=new_sid("AC"), **{name: wanted[name]})
        assert refused.value.code is Code.CONFLICT
    assert await lone_store.pool.fetchval("SELECT count(*) FROM accounts") == 1


async def test_every_stream_gets_an_epoch_of_its_own(
    lone_store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chatcore.store.admin._EPOCHS", 2)
    service = await make.service(lone_store)
    for number in range(5):
        await make.channel(lone_store, service)
        await make.user(lone_store, service, f"{number}")
    query = "SELECT epoch FROM channels UNION ALL SELECT epoch FROM user_streams"
    before = {row["epoch"] for row in await lone_store.pool.fetch(query)}
    assert await Admin(lone_store.pool, make.PlainBox()).renew_epochs() == 10
    after = {row["epoch"] for row in await lone_store.pool.fetch(query)}
    assert len(after) == 10
    assert not before & after
    assert {len(epoch) for epoch in after} == {12}


async def test_a_deleted_first_service_is_made_anew(lone_store: PostgresStore) -> None:
    admin = Admin(lone_store.pool, make.PlainBox())
    first = await admin.bootstrap()
    await lone_store.read.services.delete(ServiceSid(first["service_sid"]), make.NOW)
    again = await admin.bootstrap()
    assert again["service_sid"] != first["service_sid"]
    assert again | {"service_sid": ""} == first | {"service_sid": ""}
