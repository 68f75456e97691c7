from __future__ import annotations

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import HMACAlgorithm
from jwt.utils import base64url_encode
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import ChatGrant

from chatcore.auth.tokens import Grant, TokenCode, TokenError, TokenKind, TokenVerifier, mint
from chatcore.domain.ids import AccountSid

from .fakes import ACCOUNT, KEY, SECRET, SERVICE, FixedClock, Keys, Services, key_record

NOW = 1_600_000_000
EXAMPLE = (
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0."
    "eyJqdGkiOiJTSzAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAxLTE2MDAwMDAwMDAiLCJpc3MiOiJTSzAwMDAwMDAwMDAwMDAwMDAwMDAw"
    "MDAwMDAwMDAwMDAxIiwic3ViIjoiQUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMSIsIm5iZiI6MTYwMDAwMDAwMCwiZXhwIjoxNjAw"
    "MDAzNjAwLCJncmFudHMiOnsiaWRlbnRpdHkiOiJhbGljZSIsImNoYXQiOnsic2VydmljZV9zaWQiOiJJUzAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw"
    "MDAwMDAwMDAxIn19fQ."
    "AKteis2mJ9IMhaId2P6cmMT9nrL_yLT1SR-JmGoiBIg"
)
HEADER: dict[str, Any] = {"typ": "JWT", "alg": "HS256", "cty": "twilio-fpa;v=1"}
PAYLOAD: dict[str, Any] = {
    "jti": f"{KEY}-{NOW}",
    "iss": KEY,
    "sub": ACCOUNT,
    "nbf": NOW,
    "exp": NOW + 3600,
    "grants": {"identity": "alice", "chat": {"service_sid": SERVICE}},
}
NATIVE_HEADER: dict[str, Any] = {"typ": "JWT", "alg": "HS256", "kid": KEY}
NATIVE: dict[str, Any] = {"sub": "alice", "aud": SERVICE, "exp": NOW + 3600}
GONE = object()
"""Marks a member to leave out."""


def changed(value: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy with dotted names set, or removed where GONE."""
    value = copy.deepcopy(value)
    for path, new in changes.items():
        *parents, name = path.split(".")
        inner = value
        for parent in parents:
            inner = inner[parent]
        if new is GONE:
            inner.pop(name, None)
        else:
            inner[name] = new
    return value


def sign(header: object, payload: object, secret: str = SECRET) -> str:
    hashes = {"HS384": HMACAlgorithm.SHA384, "HS512": HMACAlgorithm.SHA512}
    name = str(header.get("alg")) if isinstance(header, dict) else ""
    text = ".".join(base64url_encode(json.dumps(part).encode()).decode() for part in (header, payload))
    algorithm = HMACAlgorithm(hashes.get(name, HMACAlgorithm.SHA256))
    return f"{text}.{base64url_encode(algorithm.sign(text.encode(), secret.encode())).decode()}"


def access(header: dict[str, Any] | None = None, /, **payload: Any) -> str:
    return sign(changed(HEADER, header or {}), changed(PAYLOAD, payload))


def native(header: dict[str, Any] | None = None, /, **payload: Any) -> str:
    return sign(changed(NATIVE_HEADER, header or {}), changed(NATIVE, payload))


@pytest.fixture
def keys() -> Keys:
    return Keys()


@pytest.fixture
def verifier(keys: Keys) -> TokenVerifier:
    return TokenVerifier(keys, Services(), FixedClock())


async def refusal(verifier: TokenVerifier, token: str) -> TokenCode:
    with pytest.raises(TokenError) as caught:
        await verifier.verify(token)
    assert token not in caught.value.message or not token
    return caught.value.code


async def test_the_worked_example_is_accepted(verifier: TokenVerifier) -> None:
    assert await verifier.verify(EXAMPLE) == Grant(
        kind=TokenKind.ACCESS,
        account_sid=ACCOUNT,
        key_sid=KEY,
        service_sid=SERVICE,
        identity="alice",  # type: ignore[arg-type]  # a literal stands for the identity
        expires_at=datetime.fromtimestamp(NOW + 3600, UTC),
    )


async def test_a_token_of_the_twilio_library_is_accepted() -> None:
    clock = FixedClock(datetime.now(UTC))
    grant = ChatGrant(service_sid=SERVICE, push_credential_sid="CR1", endpoint_id="app:a:b", deployment_role_sid="RL1")
    token = AccessToken(ACCOUNT, KEY, SECRET, identity="älice @+:%", grants=[grant], ttl=600, region="us1").to_jwt()
    found = await TokenVerifier(Keys(), Services(), clock).verify(token)
    assert (found.identity, found.service_sid, found.endpoint_id) == ("älice @+:%", SERVICE, "app:a:b")
    assert (found.deployment_role_sid, found.push_credential_sid) == ("RL1", "CR1")


def test_minted_tokens_have_the_members_the_twilio_library_writes() -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    ours = mint(
        account_sid=ACCOUNT, key_sid=KEY, secret=SECRET, service_sid=SERVICE, identity="alice", now=now, endpoint_id="e"
    )
    theirs = AccessToken(ACCOUNT, KEY, SECRET, identity="alice", nbf=NOW, valid_until=NOW + 3600)
    theirs.add_grant(ChatGrant(service_sid=SERVICE, endpoint_id="e"))
    header, payload = jwt.get_unverified_header(ours), jwt.decode(ours, options={"verify_signature": False})
    expected = jwt.decode(theirs.to_jwt(), options={"verify_signature": False}) | {"jti": f"{KEY}-{NOW}"}
    assert header == jwt.get_unverified_header(theirs.to_jwt())
    assert payload == expected


async def test_minted_tokens_verify(verifier: TokenVerifier) -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    token = mint(account_sid=ACCOUNT, key_sid=KEY, secret=SECRET, service_sid=SERVICE, identity="bob", now=now, ttl=60)
    grant = await verifier.verify(token)
    assert (grant.identity, grant.endpoint_id) == ("bob", None)
    assert grant.expires_at == datetime.fromtimestamp(NOW + 60, UTC)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_every_hmac_algorithm_is_accepted(verifier: TokenVerifier, algorithm: str) -> None:
    assert (await verifier.verify(access({"alg": algorithm}))).kind is TokenKind.ACCESS
    assert (await verifier.verify(native({"alg": algorithm}))).kind is TokenKind.NATIVE


@pytest.mark.parametrize(
    "token",
    [
        access({"cty": GONE}),
        access({"twr": "au1"}),
        access({"kid": "whatever"}),
        access(jti=GONE, nbf=GONE),
        access(nbf=GONE, iat=NOW),
        access(exp=NOW + 86_400),
        access(exp=NOW - 29, nbf=NOW - 3600),
        access(nbf=NOW + 30),
        access(**{"grants.data_sync": 5}),
        access(**{"grants.chat": GONE, "grants.ip_messaging": {"service_sid": SERVICE}}),
        access(**{"grants.ip_messaging": {"service_sid": "IS" + "9" * 32}}),
        access(**{"grants.chat.endpoint_id": None}),
        access(**{"grants.identity": "x" * 256}),
    ],
)
async def test_variants_of_access_tokens_are_accepted(verifier: TokenVerifier, token: str) -> None:
    assert (await verifier.verify(token)).service_sid == SERVICE


@pytest.mark.parametrize(
    ("code", "token"),
    [
        (20160, ""),
        (20160, "x"),
        (20160, "a.b.c"),
        (20160, sign(HEADER, [1])),
        (20102, sign([], PAYLOAD)),
        (20102, access({"alg": "none"})),
        (20102, access({"alg": "none"}).rpartition(".")[0] + "."),
        (20102, access({"alg": "RS256"})),
        (20102, access({"alg": GONE})),
        (20102, access({"typ": "jwt"})),
        (20102, access({"typ": GONE})),
        (20102, access({"cty": "twilio-fpa;v=2"})),
        (20102, access({"cty": None})),
        (20102, access({"crit": ["b64"], "b64": False})),
        (20103, access(iss=GONE)),
        (20103, access(iss=5)),
        (20103, access(iss="SK" + "f" * 32)),
        (20103, access(sub=GONE)),
        (20103, access(sub="AC" + "f" * 32)),
        (20107, sign(HEADER, PAYLOAD, "another secret")),
        (20107, EXAMPLE[:-4] + "AAAA"),
        (20107, EXAMPLE.rpartition(".")[0] + "."),
        (20156, access(exp=GONE)),
        (20156, access(exp="1600003600")),
        (20156, access(exp=NOW + 0.5)),
        (20156, access(exp=True)),
        (20156, access(exp=10**30)),
        (20156, access(exp=-1)),
        (20157, access(exp=NOW + 86_401)),
        (20157, access(exp=NOW + 86_431, nbf=GONE)),
        (20157, access(exp=NOW + 10**9, nbf=GONE, iat=NOW + 10**9)),
        (20104, access(exp=NOW - 30, nbf=NOW - 3600)),
        (20105, access(nbf=NOW + 31)),
        (20105, access(nbf=NOW + 10**6, exp=NOW + 10**6 + 60)),
        (20106, access(grants=GONE)),
        (20106, access(grants=[])),
        (20106, access(**{"grants.identity": GONE})),
        (20106, access(**{"grants.identity": ""})),
        (20106, access(**{"grants.identity": 5})),
        (20106, access(**{"grants.identity": "x" * 257})),
        (20106, access(**{"grants.identity": "a\x00"})),
        (20106, access(**{"grants.identity": "\ud800"})),
        (20106, access(**{"grants.identity": "system"})),
        (20106, access(**{"grants.chat": GONE})),
        (20106, access(**{"grants.chat": []})),
        (20106, access(**{"grants.chat": {}})),
        (20106, access(**{"grants.chat.service_sid": "IS" + "f" * 32})),
        (20106, access(**{"grants.chat.service_sid": "\x00"})),
        (20101, access(**{"grants.chat.endpoint_id": 5})),
        (20101, access(**{"grants.chat.push_credential_sid": "\x00"})),
        (20101, access(nbf="soon")),
    ],
)
async def test_defects_of_access_tokens_have_their_codes(verifier: TokenVerifier, code: int, token: str) -> None:
    assert await refusal(verifier, token) == code


async def test_the_first_failing_check_names_the_code(verifier: TokenVerifier) -> None:
    defects: dict[str, Any] = {"grants": GONE, "nbf": NOW + 999, "exp": NOW - 999}
    assert await refusal(verifier, access(**defects)) == TokenCode.EXPIRED
    assert await refusal(verifier, access({"alg": "none"}, iss=GONE)) == TokenCode.HEADER_INVALID
    assert await refusal(verifier, sign(HEADER, changed(PAYLOAD, {"exp": GONE}), "x")) == TokenCode.SIGNATURE_INVALID


async def test_revoked_and_foreign_keys_are_no_issuers(verifier: TokenVerifier, keys: Keys) -> None:
    keys.records[KEY] = key_record(revoked=True)
    assert await refusal(verifier, EXAMPLE) == TokenCode.ISSUER_INVALID
    keys.records[KEY] = key_record(account_sid=AccountSid("AC" + "2" * 32))
    assert await refusal(verifier, EXAMPLE) == TokenCode.ISSUER_INVALID


async def test_a_service_of_another_account_is_no_grant() -> None:
    verifier = TokenVerifier(Keys(), Services(**{SERVICE: AccountSid("AC" + "2" * 32)}), FixedClock())
    assert await refusal(verifier, EXAMPLE) == TokenCode.GRANTS_INVALID
    assert await refusal(verifier, native()) == TokenCode.GRANTS_INVALID


async def test_a_suspended_account_is_forbidden_only_when_all_else_is_right(
    verifier: TokenVerifier, keys: Keys
) -> None:
    keys.records[KEY] = key_record(suspended=True)
    assert await refusal(verifier, EXAMPLE) == TokenCode.FORBIDDEN
    assert await refusal(verifier, access(exp=NOW - 60, nbf=GONE)) == TokenCode.EXPIRED


@pytest.mark.parametrize(
    "token",
    [
        native(),
        native({"typ": GONE}),
        native(aud=[SERVICE]),
        native(exp=NOW + 10**8),
        native(channels=["a"], subs={"b": {}}, meta={"c": 1}, jti="x", iat=NOW, nbf=NOW),
    ],
)
async def test_native_tokens_are_accepted(verifier: TokenVerifier, token: str) -> None:
    grant = await verifier.verify(token)
    assert (grant.kind, grant.account_sid, grant.key_sid) == (TokenKind.NATIVE, ACCOUNT, KEY)
    assert (grant.identity, grant.service_sid, grant.info) == ("alice", SERVICE, None)


async def test_expire_at_decides_when_the_connection_ends(verifier: TokenVerifier) -> None:
    assert (await verifier.verify(native(expire_at=0))).expires_at is None
    assert (await verifier.verify(native(expire_at=NOW + 5))).expires_at == datetime.fromtimestamp(NOW + 5, UTC)
    assert (await verifier.verify(native())).expires_at == datetime.fromtimestamp(NOW + 3600, UTC)


async def test_info_becomes_compact_json(verifier: TokenVerifier) -> None:
    assert (await verifier.verify(native(info={"näme": [1, None]}))).info == '{"näme":[1,null]}'.encode()
    assert (await verifier.verify(native(info="x\ny"))).info == rb'"x\ny"'


@pytest.mark.parametrize(
    ("code", "token"),
    [
        (20102, native({"typ": "JWS"})),
        (20102, native({"alg": "none"})),
        (20103, native({"kid": 5})),
        (20103, native({"kid": "SK" + "f" * 32})),
        (20107, sign(NATIVE_HEADER, NATIVE, "another secret")),
        (20156, native(exp=GONE)),
        (20104, native(exp=NOW - 30)),
        (20104, native(expire_at=NOW - 30)),
        (20105, native(nbf=NOW + 31)),
        (20106, native(sub=GONE)),
        (20106, native(sub="")),
        (20106, native(aud=GONE)),
        (20106, native(aud=[SERVICE, SERVICE])),
        (20106, native(aud="IS" + "f" * 32)),
        (20101, native(b64info="e30=")),
        (20101, native(expire_at="0")),
        (20101, native(expire_at=False)),
        (20101, native(info="\ud800")),
    ],
)
async def test_defects_of_native_tokens_have_their_codes(verifier: TokenVerifier, code: int, token: str) -> None:
    assert await refusal(verifier, token) == code


def test_codes_have_their_http_status() -> None:
    assert {code.status for code in TokenCode if code < 20400} == {401}
    assert (TokenCode.FORBIDDEN.status, TokenCode.NOT_FOUND.status) == (403, 404)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
CLAIMS = st.sampled_from(["iss", "sub", "exp", "nbf", "iat", "grants", "grants.chat", "grants.identity", "aud", "info"])


@given(st.sampled_from([HEADER, NATIVE_HEADER]), st.dictionaries(CLAIMS, JSON, max_size=3))
async def test_strange_claims_raise_nothing_but_token_errors(header: dict[str, Any], claims: dict[str, Any]) -> None:
    claims = dict(sorted(claims.items(), reverse=True))  # members before the object that replaces their parent
    payload = changed(PAYLOAD | NATIVE | {"sub": ACCOUNT}, claims)
    verifier = TokenVerifier(Keys(), Services(), FixedClock())
    with suppress(TokenError):
        await verifier.verify(sign(header, payload))


@given(st.text())
async def test_arbitrary_text_raises_nothing_but_token_errors(token: str) -> None:
    with pytest.raises(TokenError):
        await TokenVerifier(Keys(), Services(), FixedClock()).verify(token)
