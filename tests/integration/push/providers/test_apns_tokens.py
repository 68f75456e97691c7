"""Provider tokens: few of them, whoever sends and however often."""

from __future__ import annotations

import asyncio
import time

import jwt
import pytest

from push.providers import provider_tokens
from push.providers.outcomes import CredentialBad, Sent
from push.providers.provider_tokens import ProviderToken, ProviderTokens
from tests.support.apns_peer import said
from tests.support.http2_peer import Reply
from tests.support.push_keys import KEY_ID, TEAM_ID, token_key

from .rig import AppleRig, delivery


class Shared:
    """A SharedText of this process, or one that is away."""

    def __init__(self, *, away: bool = False) -> None:
        self.held: dict[str, tuple[str, float]] = {}  # text, end
        self.away = away

    async def get(self, key: str) -> tuple[str, float] | None:
        self._here()
        found = self.held.get(key)
        return (found[0], found[1] - time.monotonic()) if found is not None else None

    async def put_if_absent(self, key: str, text: str, seconds: float) -> bool:
        self._here()
        if key in self.held:
            return False
        self.held[key] = (text, time.monotonic() + seconds)
        return True

    async def replace(self, key: str, old: str, text: str, seconds: float) -> bool:
        self._here()
        if self.held.get(key, ("",))[0] != old:
            return False
        self.held[key] = (text, time.monotonic() + seconds)
        return True

    def _here(self) -> None:
        if self.away:
            raise ConnectionError("away")

    def age(self, seconds: float) -> None:
        self.held = {key: (text, end - seconds) for key, (text, end) in self.held.items()}


async def test_one_token_serves_all_connections_and_processes(apns: AppleRig) -> None:
    shared = Shared()
    for _ in range(2):
        async with apns.provider(shared=shared) as provider:
            sends = [provider.send(delivery(number), apns.credential) for number in range(250)]
            assert all(isinstance(outcome, Sent) for outcome in await asyncio.gather(*sends))
    assert len(apns.peer.tokens) == 1
    (token,) = apns.peer.tokens
    assert jwt.get_unverified_header(token)["kid"] == KEY_ID
    assert jwt.decode(token, options={"verify_signature": False})["iss"] == TEAM_ID


async def test_without_the_broker_each_process_has_its_own(apns: AppleRig) -> None:
    for _ in range(2):
        async with apns.provider(shared=Shared(away=True)) as provider:
            await provider.send(delivery(), apns.credential)
            await provider.send(delivery(1), apns.credential)
    assert len({heard.headers["authorization"] for heard in apns.peer.heard}) <= 2
    assert not apns.peer.faults


async def test_accounts_that_claim_the_same_team_do_not_share() -> None:
    shared, one, other = Shared(), token_key(), token_key()
    tokens = ProviderTokens(shared)
    assert (await tokens.get(one)).header != (await tokens.get(other)).header
    assert len(shared.held) == 2


async def test_an_expired_token_is_renewed_once_it_is_old_enough(apns: AppleRig) -> None:
    shared = Shared()
    other = await ProviderTokens(shared).get(apns.credential.secrets)
    shared.age(provider_tokens.YOUNGEST + 60)
    apns.peer.react = lambda heard: (
        said(403, "ExpiredProviderToken") if heard.headers["authorization"] == other.header else Reply()
    )
    async with apns.provider(shared=shared) as provider:
        sends = [provider.send(delivery(number), apns.credential) for number in range(20)]
        assert all(isinstance(outcome, Sent) for outcome in await asyncio.gather(*sends))
    assert len(apns.peer.tokens) == 2
    assert next(iter(shared.held.values()))[0] == f"bearer {apns.peer.tokens[1]}"


async def test_a_young_token_that_is_refused_as_expired_speaks_of_the_clock(apns: AppleRig) -> None:
    apns.peer.answers(said(403, "ExpiredProviderToken"))
    async with apns.provider(shared=Shared()) as provider:
        for _ in range(3):
            outcome = await provider.send(delivery(), apns.credential)
            assert isinstance(outcome, CredentialBad)
            assert outcome.reason.startswith("ExpiredProviderToken")
    assert len(apns.peer.tokens) == 1


@pytest.mark.parametrize("renewed_elsewhere", [True, False])
async def test_a_renewal_takes_what_another_process_has_renewed(renewed_elsewhere: bool) -> None:
    shared, secrets = Shared(), token_key()
    here, there = ProviderTokens(shared), ProviderTokens(shared)
    first = await there.get(secrets)
    shared.age(provider_tokens.YOUNGEST + 60)
    assert (await here.get(secrets)).header == first.header
    old = ProviderToken(first.header, asyncio.get_running_loop().time() - provider_tokens.YOUNGEST - 60)
    theirs = await there.renew(secrets, old) if renewed_elsewhere else None
    mine = await here.renew(secrets, old)
    assert mine is not None
    assert mine.header != first.header
    if theirs is not None:
        assert mine.header == theirs.header
