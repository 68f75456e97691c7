from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from chatcore.auth.keys import KeyRing, Principal, SealedSecret, new_auth_token
from chatcore.auth.keys import new_key_secret as new_secret
from chatcore.auth.remembered import CACHE_SECONDS, CACHE_SIZE
from chatcore.auth.secrets import SecretBox

from .fakes import ACCOUNT, KEY, SECRET, FixedClock, Secrets

BOX = SecretBox(["key"])
AUTH_TOKEN = "a" * 32
ACCOUNT_ROW = SealedSecret(account_sid=ACCOUNT, sealed=BOX.seal(AUTH_TOKEN))
KEY_ROW = SealedSecret(account_sid=ACCOUNT, sealed=BOX.seal(SECRET))


@pytest.fixture
def store() -> Secrets:
    return Secrets(**{ACCOUNT: ACCOUNT_ROW, KEY: KEY_ROW})


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def ring(store: Secrets, clock: FixedClock) -> KeyRing:
    return KeyRing(store, BOX, clock)


def test_generated_secrets_have_the_usual_shape_and_differ() -> None:
    assert re.fullmatch("[0-9a-f]{32}", new_auth_token())
    assert re.fullmatch("[0-9a-zA-Z]{32}", new_secret())
    assert len({new_secret() for _ in range(50)}) == 50


async def test_account_sid_with_auth_token_is_the_account(ring: KeyRing) -> None:
    assert await ring.check(ACCOUNT, AUTH_TOKEN) == Principal(account_sid=ACCOUNT)


async def test_key_sid_with_secret_is_the_account_of_the_key(ring: KeyRing) -> None:
    assert await ring.check(KEY, SECRET) == Principal(account_sid=ACCOUNT, key_sid=KEY)


@pytest.mark.parametrize(
    ("sid", "secret"),
    [
        (ACCOUNT, SECRET),
        (ACCOUNT, ""),
        (KEY, AUTH_TOKEN),
        (KEY, SECRET + "x"),
        (KEY, "sécret"),
        ("SK" + "f" * 32, SECRET),
        ("SK" + "f" * 32, ""),
        ("", ""),
        ("IS" + "0" * 32, ""),
        ("AC\x00", ""),
    ],
)
async def test_wrong_credentials_are_nobody(ring: KeyRing, sid: str, secret: str) -> None:
    assert await ring.check(sid, secret) is None


async def test_malformed_sids_never_reach_the_store(ring: KeyRing, store: Secrets) -> None:
    assert await ring.check("AC' or 1=1", "x") is None
    assert await ring.key(KEY[:-1]) is None  # type: ignore[arg-type]  # a slice of a SID is a plain string
    assert store.asked == []


async def test_revoked_key_is_nobody_but_still_known_to_token_checks(ring: KeyRing, store: Secrets) -> None:
    store.rows[KEY] = replace(KEY_ROW, revoked=True)
    assert await ring.check(KEY, SECRET) is None
    record = await ring.key(KEY)
    assert record is not None
    assert record.revoked


async def test_suspension_is_reported(ring: KeyRing, store: Secrets) -> None:
    store.rows[KEY] = replace(KEY_ROW, account_suspended=True)
    principal = await ring.check(KEY, SECRET)
    assert principal is not None
    assert principal.suspended


async def test_lookups_are_cached_for_a_moment(ring: KeyRing, store: Secrets, clock: FixedClock) -> None:
    for _ in range(10):
        await ring.check(KEY, SECRET)
    assert store.asked == [KEY]
    store.rows[KEY] = replace(KEY_ROW, revoked=True)
    clock.advance(CACHE_SECONDS)
    assert await ring.check(KEY, SECRET) is None


async def test_invalidate_forgets_at_once(ring: KeyRing, store: Secrets) -> None:
    await ring.check(KEY, SECRET)
    store.rows[KEY] = replace(KEY_ROW, revoked=True)
    ring.invalidate(KEY)
    assert await ring.check(KEY, SECRET) is None


async def test_who_misses_together_shares_a_read(ring: KeyRing, store: Secrets) -> None:
    assert all(await asyncio.gather(*(ring.check(KEY, SECRET) for _ in range(20))))
    assert store.asked == [KEY]


async def test_a_new_key_works_at_once(ring: KeyRing, store: Secrets) -> None:
    del store.rows[KEY]
    assert await ring.check(KEY, SECRET) is None
    store.rows[KEY] = KEY_ROW
    assert await ring.check(KEY, SECRET) is not None


async def test_the_cache_is_bounded(ring: KeyRing, store: Secrets) -> None:
    for i in range(CACHE_SIZE + 5):
        sid = f"SK{i:032x}"
        store.rows[sid] = KEY_ROW
        await ring.check(sid, SECRET)
    assert len(ring._records._found) <= CACHE_SIZE


async def test_secrets_do_not_show_in_representations(ring: KeyRing) -> None:
    assert SECRET not in repr(await ring.key(KEY))
