"""What FCM answers, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chatcore.auth.credentials import PushSecrets
from chatcore.domain.devices import PushType
from push.providers.fcm import Fcm
from push.providers.outcomes import CredentialBad, Outcome, Rejected, Scope, Sent, TokenGone, TryLater
from tests.support.fcm_peer import OAuth, failed
from tests.support.http2_peer import Reply
from tests.support.push_keys import Authority, service_account
from tests.support.receiver import Raw, Say, receiver

from .rig import GoogleRig, delivery, google, server_tls

DAWDLING = 60  # seconds that a busy machine may take


def push(number: int = 0, **fields: Any) -> Any:  # Any: fields of a Delivery
    return delivery(number, PushType.FCM, **fields)


async def test_a_push_is_sent_as_google_wants_it(fcm: GoogleRig) -> None:
    given = push(expires_at=datetime.now(UTC) + timedelta(seconds=86400))
    async with fcm.provider() as provider:
        outcome = await provider.send(given, fcm.credential)
    assert outcome == Sent()
    assert not fcm.peer.faults
    (message,) = fcm.peer.messages
    left = message["webpush"]["headers"]["TTL"]
    assert 86_400 - DAWDLING <= int(left) <= 86_400
    assert message == {
        "token": given.address,
        "data": given.payload,
        "android": {"priority": "HIGH", "ttl": f"{left}s"},
        "webpush": {"headers": {"Urgency": "high", "TTL": left}},
    }
    assert "zoë".encode() in fcm.peer.heard[0].body


async def test_time_to_live_is_what_is_left_and_at_least_a_second(fcm: GoogleRig) -> None:
    now = datetime.now(UTC)
    async with fcm.provider() as provider:
        await provider.send(push(expires_at=now + timedelta(minutes=10)), fcm.credential)
        await provider.send(push(1, expires_at=now - timedelta(minutes=10)), fcm.credential)
    left, least = (int(message["android"]["ttl"].removesuffix("s")) for message in fcm.peer.messages)
    assert 600 - DAWDLING <= left <= 600
    assert least == 1


async def test_the_older_name_of_the_service_is_served_too(fcm: GoogleRig) -> None:
    async with fcm.provider() as provider:
        outcome = await provider.send(
            delivery(0, PushType.GCM, collapse_id=None), google(fcm.credential.secrets, PushType.GCM)
        )
    assert isinstance(outcome, Sent)


ANSWERS: list[tuple[Reply, Outcome]] = [
    (failed(404, "NOT_FOUND", "UNREGISTERED"), TokenGone(reason="UNREGISTERED")),
    (
        failed(
            400,
            "INVALID_ARGUMENT",
            "INVALID_ARGUMENT",
            message="The registration token is not a valid FCM registration token",
        ),
        TokenGone(reason="INVALID_ARGUMENT", doubtful=True),
    ),
    (
        failed(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", field="message.token"),
        TokenGone(reason="INVALID_ARGUMENT", doubtful=True),
    ),
    (
        failed(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", field="message.data[0].value"),
        Rejected("INVALID_ARGUMENT: message.data[0].value"),
    ),
    (failed(400, "INVALID_ARGUMENT", field="message"), Rejected("400 INVALID_ARGUMENT: message")),
    (failed(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), TokenGone(reason="SENDER_ID_MISMATCH", doubtful=True)),
    (failed(403, "PERMISSION_DENIED"), CredentialBad("403 PERMISSION_DENIED")),
    (failed(404, "NOT_FOUND"), CredentialBad("404 NOT_FOUND")),
    (Reply(404, b"<html>"), CredentialBad("404")),
    (failed(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), CredentialBad("THIRD_PARTY_AUTH_ERROR")),
    (
        failed(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
        TryLater(reason="QUOTA_EXCEEDED", after=60, scope=Scope.CREDENTIAL, counts=False),
    ),
    (
        failed(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", headers={"retry-after": "90"}),
        TryLater(reason="QUOTA_EXCEEDED", after=90, scope=Scope.CREDENTIAL, counts=False),
    ),
    (failed(503, "UNAVAILABLE", "UNAVAILABLE"), TryLater(reason="UNAVAILABLE", after=10)),
    (
        failed(503, "UNAVAILABLE", "UNAVAILABLE", headers={"retry-after": "-7"}),
        TryLater(reason="UNAVAILABLE", after=1),
    ),
    (
        failed(500, "INTERNAL", "INTERNAL", headers={"retry-after": "99999999999999999999999"}),
        TryLater(reason="INTERNAL", after=3600),
    ),
    (failed(500, "UNKNOWN", "UNSPECIFIED_ERROR"), TryLater(reason="UNSPECIFIED_ERROR", after=10)),
    (Reply(502, b"<html>bad gateway"), TryLater(reason="502", after=10)),
    (Reply(200, b"OK"), TryLater(reason="200 unreadable", after=10, maybe_sent=True)),
    (Reply(200, b'{"name": 3}'), TryLater(reason="200 unreadable", after=10, maybe_sent=True)),
    (failed(400, "FAILED_PRECONDITION"), Rejected("400 FAILED_PRECONDITION")),
    (failed(409, "ABORTED", "NOVELTY"), Rejected("NOVELTY")),
    (Reply(400, b'{"error": {"details": [7, {"@type": 3}, {"fieldViolations": 4}]}}'), Rejected("400")),
    (Reply(400, b'{"error": "no"}'), Rejected("400")),
    (Reply(418), Rejected("418")),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS, ids=lambda value: str(value)[:40])
async def test_answers_are_understood(fcm: GoogleRig, answer: Reply, outcome: Outcome) -> None:
    fcm.peer.answers(answer)
    async with fcm.provider() as provider:
        assert await provider.send(push(), fcm.credential) == outcome
    assert len(fcm.peer.heard) == 1


async def test_an_empty_200_is_no_promise(fcm: GoogleRig) -> None:
    fcm.peer.answers(Reply(200, b" "))
    async with fcm.provider() as provider:
        outcome = await provider.send(push(), fcm.credential)
    assert isinstance(outcome, TryLater)
    assert outcome.maybe_sent


# Access tokens.


async def test_a_refused_token_is_renewed_once(fcm: GoogleRig) -> None:
    async with fcm.provider() as provider:
        await provider.send(push(), fcm.credential)
        fcm.peer.oauth.issued.append("of another process")  # the peer takes only the newest
        assert isinstance(await provider.send(push(1), fcm.credential), Sent)
    assert len(fcm.peer.oauth.issued) == 3


async def test_a_lasting_401_asks_for_one_token_a_minute(fcm: GoogleRig) -> None:
    fcm.peer.answers(failed(401, "UNAUTHENTICATED"))
    async with fcm.provider() as provider:
        outcomes = await asyncio.gather(*(provider.send(push(number), fcm.credential) for number in range(20)))
        outcomes += [await provider.send(push(99), fcm.credential)]
    later = TryLater(reason="401", after=60, scope=Scope.CREDENTIAL, counts=False)
    assert outcomes == [later] * 21
    assert len(fcm.peer.oauth.issued) == 2


async def test_a_hundred_pushes_wait_for_one_token(fcm: GoogleRig) -> None:
    async with fcm.provider() as provider:
        outcomes = await asyncio.gather(*(provider.send(push(number), fcm.credential) for number in range(100)))
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert len(fcm.oauth_server.heard) == 1


async def test_a_token_is_renewed_before_its_end_while_pushes_go_on(fcm: GoogleRig) -> None:
    fcm.peer.tokens_taken = 2
    fcm.peer.oauth.lifetime = 200  # seconds: it is due to be renewed from the beginning
    async with fcm.provider() as provider:
        assert isinstance(await provider.send(push(), fcm.credential), Sent)
        fcm.peer.oauth.answer = Raw  # nobody there
        outcomes = await asyncio.gather(*(provider.send(push(number), fcm.credential) for number in range(1, 100)))
        await fcm.oauth_server.until(lambda: len(fcm.oauth_server.heard) > 1)
        fcm.peer.oauth.answer = None
    assert all(isinstance(outcome, Sent) for outcome in outcomes)
    assert 2 <= len(fcm.oauth_server.heard) < 10, "one attempt at a time, not one for each push"


@pytest.mark.parametrize("name", ["invalid_grant", "invalid_client", "unauthorized_client"])
async def test_an_account_that_google_refuses_is_bad(fcm: GoogleRig, name: str) -> None:
    fcm.peer.oauth.answer = lambda: Say(400, json.dumps({"error": name, "error_description": "no"}).encode())
    async with fcm.provider() as provider:
        assert await provider.send(push(), fcm.credential) == CredentialBad(name)
        assert await provider.send(push(), fcm.credential) == CredentialBad(name)
    assert len(fcm.oauth_server.heard) == 1
    assert not fcm.peer.heard


@pytest.mark.parametrize(
    "answer",
    [Say(400, b'{"error": "invalid_scope"}'), Say(418, b"<html>"), Say(200, b"<html>"), Say(200, b"{}")],
    ids=["another", "teapot", "garbage", "empty"],
)
async def test_other_trouble_with_tokens_passes(fcm: GoogleRig, answer: Say) -> None:
    fcm.peer.oauth.answer = lambda: answer
    async with fcm.provider() as provider:
        outcome = await provider.send(push(), fcm.credential)
    assert isinstance(outcome, TryLater)
    assert outcome.scope is Scope.CREDENTIAL
    assert not outcome.counts
    assert not fcm.peer.heard


async def test_the_token_endpoint_can_be_elsewhere(fcm: GoogleRig) -> None:
    secrets = service_account("http://nowhere.example/token")
    fcm.peer.oauth._account = json.loads(secrets.secret or "")
    async with fcm.provider(token_url=fcm.oauth_server.url("/token", "localhost")) as provider:
        assert isinstance(await provider.send(push(), google(secrets)), Sent)


# Credentials and peers that cannot work.


@pytest.mark.parametrize(
    ("secrets", "reason"),
    [
        (PushSecrets(secret="AAAA-legacy:key"), "legacy_key"),
        (PushSecrets(), "no_secret"),
        (service_account("http://token.example/token"), "token_uri_not_https"),
    ],
    ids=["legacy", "none", "plain"],
)
async def test_credentials_that_cannot_work_are_not_tried(fcm: GoogleRig, secrets: PushSecrets, reason: str) -> None:
    async with fcm.provider() as provider:
        assert await provider.send(push(), google(secrets)) == CredentialBad(reason)
    assert not fcm.peer.heard


async def test_plain_http_is_for_loopback_only(fcm: GoogleRig) -> None:
    async with fcm.provider(url="http://fcm.example") as provider:
        assert isinstance(await provider.send(push(), fcm.credential), CredentialBad)


async def test_data_that_is_too_large_is_not_sent(fcm: GoogleRig) -> None:
    async with fcm.provider() as provider:
        assert await provider.send(push(payload={"twi_body": "é" * 2048}), fcm.credential) == Rejected("too_large")


# HTTP/1.1.


@pytest.mark.parametrize("secure", [True, False], ids=["tls", "plain"])
async def test_peers_of_http_1_are_served_over_kept_connections(trusted: Authority, secure: bool) -> None:
    async with (
        receiver(tls=server_tls(trusted)) as oauth_server,
        receiver(tls=server_tls(trusted) if secure else None) as peer,
    ):
        secrets = service_account(oauth_server.url("/token", "localhost"))
        oauth_server.react = OAuth(secrets.secret or "").react
        name = b'{"name": "projects/chat-project/messages/1"}'
        peer.answers(Say(200, name), failed_over_http_1(), Say(200, name))
        provider = Fcm(url=peer.url("", "localhost"), ca_file=trusted.ca, timeout=5)
        outcomes = [await provider.send(push(number), google(secrets)) for number in range(3)]
        await provider.aclose()
    sent = Sent()
    assert outcomes == [sent, TryLater(reason="UNAVAILABLE", after=33), sent]
    assert len({heard.connection for heard in peer.heard}) == 1
    assert peer.heard[0].headers["authorization"] == "Bearer ya29.token-1"


def failed_over_http_1() -> Say:
    reply = failed(503, "UNAVAILABLE", "UNAVAILABLE")
    return Say(503, reply.body, {"Retry-After": "33"})
