from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chatcore.auth.keys import SealedSecret
from chatcore.auth.remembered import CACHE_SECONDS
from chatcore.auth.secrets import SecretBox
from chatcore.auth.signing import AuthTokens
from chatcore.domain.ids import AccountSid, KeySid

ACCOUNT = AccountSid("AC" + "0" * 32)
BOX = SecretBox(["key"])


class Store:
    def __init__(self, *tokens: str) -> None:
        self.tokens = list(tokens)
        self.asked = 0

    async def account_secret(self, sid: AccountSid) -> SealedSecret | None:
        self.asked += 1
        return SealedSecret(account_sid=sid, sealed=BOX.seal(self.tokens[0])) if self.tokens else None

    async def key_secret(self, sid: KeySid) -> SealedSecret | None:
        raise AssertionError("keys sign nothing here")


class Clock:
    seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 5, 17, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.seconds


async def test_a_token_is_remembered_for_a_moment() -> None:
    store, clock = Store("one"), Clock()
    tokens = AuthTokens(store, BOX, clock)
    assert [await tokens.of(ACCOUNT) for _ in range(3)] == ["one"] * 3
    store.tokens = ["two"]
    assert await tokens.of(ACCOUNT) == "one"
    clock.seconds += CACHE_SECONDS
    assert await tokens.of(ACCOUNT) == "two"
    assert store.asked == 2


async def test_an_account_that_is_not_there_is_not_remembered() -> None:
    store = Store()
    tokens = AuthTokens(store, BOX, Clock())
    assert await tokens.of(ACCOUNT) is None
    store.tokens = ["one"]
    assert await tokens.of(ACCOUNT) == "one"


async def test_a_token_that_was_sealed_with_another_key_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    assert await AuthTokens(Store("one"), SecretBox(["other"]), Clock()).of(ACCOUNT) is None
    assert "cannot be read with any of the configured keys" in caplog.text
