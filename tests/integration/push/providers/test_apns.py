"""What APNs answers, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from push.providers.outcomes import CredentialBad, Outcome, Rejected, Scope, Sent, TokenGone, TryLater
from tests.support.apns_peer import said
from tests.support.http2_peer import Raw, Reply
from tests.support.push_keys import TOPIC, Authority

from .rig import AppleRig, apple, apple_rig, delivery, device


async def test_a_push_is_sent_as_apple_wants_it(apns: AppleRig) -> None:
    push = delivery(7)
    async with apns.provider() as provider:
        outcome = await provider.send(push, apns.credential)
    (heard,) = apns.peer.heard
    assert isinstance(outcome, Sent)
    assert not apns.peer.faults
    assert heard.path == f"/3/device/{device(7)}"
    assert heard.headers["apns-id"].replace("-", "") == push.push_id
    assert heard.headers["apns-priority"] == "10"
    assert heard.headers["apns-expiration"] == str(int(push.expires_at.timestamp()))
    assert heard.headers["apns-collapse-id"] == push.collapse_id
    assert json.loads(heard.body) == push.payload
    assert "zoë".encode() in heard.body


async def test_badges_are_less_urgent_and_expiry_is_never_zero(apns: AppleRig) -> None:
    past = datetime(1960, 1, 1, tzinfo=UTC)
    async with apns.provider() as provider:
        await provider.send(delivery(urgent=False, collapse_id="badge"), apns.credential)
        await provider.send(delivery(expires_at=past), apns.credential)
    assert apns.peer.heard[0].headers["apns-priority"] == "5"
    assert apns.peer.heard[1].headers["apns-expiration"] == "1"


SINCE = datetime(2026, 10, 1, 12, tzinfo=UTC)
CREDENTIAL = [
    *[(400, reason) for reason in ("MissingTopic", "TopicDisallowed", "BadTopic")],
    *[
        (403, reason)
        for reason in (
            "BadCertificate",
            "BadCertificateEnvironment",
            "InvalidProviderToken",
            "MissingProviderToken",
            "Forbidden",
            "UnrelatedKeyIdInToken",
            "BadEnvironmentKeyIdInToken",
        )
    ],
]
OURS = [
    (413, "PayloadTooLarge"),
    *[
        (400, reason)
        for reason in (
            "PayloadEmpty",
            "BadCollapseId",
            "BadExpirationDate",
            "BadMessageId",
            "BadPriority",
            "DuplicateHeaders",
            "InvalidPushType",
            "MissingDeviceToken",
        )
    ],
    (404, "BadPath"),
    (405, "MethodNotAllowed"),
]
ANSWERS: list[tuple[Reply, Outcome]] = [
    (said(410, "Unregistered", timestamp=int(SINCE.timestamp() * 1000)), TokenGone(reason="Unregistered", since=SINCE)),
    (said(410, "ExpiredToken"), TokenGone(reason="ExpiredToken")),
    (said(410, "ExpiredToken", timestamp=10**30), TokenGone(reason="ExpiredToken")),
    (said(400, "BadDeviceToken"), TokenGone(reason="BadDeviceToken", doubtful=True)),
    (said(400, "DeviceTokenNotForTopic"), TokenGone(reason="DeviceTokenNotForTopic", doubtful=True)),
    *[(said(status, reason), CredentialBad(reason)) for status, reason in CREDENTIAL],
    *[(said(status, reason), Rejected(f"{status} {reason}")) for status, reason in OURS],
    (
        said(429, "TooManyRequests", headers={"retry-after": "17"}),
        TryLater(reason="429 TooManyRequests", after=17, scope=Scope.DEVICE),
    ),
    (said(429, "TooManyRequests"), TryLater(reason="429 TooManyRequests", after=10, scope=Scope.DEVICE)),
    (
        said(429, "TooManyProviderTokenUpdates"),
        TryLater(reason="429 TooManyProviderTokenUpdates", after=60, scope=Scope.CREDENTIAL, counts=False),
    ),
    (said(500, "InternalServerError"), TryLater(reason="500 InternalServerError")),
    (said(503, "ServiceUnavailable", headers={"retry-after": "soon"}), TryLater(reason="503 ServiceUnavailable")),
    (Reply(502, b"<html>"), TryLater(reason="502")),
    (Reply(504), TryLater(reason="504")),
    (Reply(599, b"\xff\xfe"), TryLater(reason="599")),
    (said(400, "Novelty"), Rejected("400 Novelty")),
    (Reply(400, b"[]"), Rejected("400")),
    (Reply(403, b'{"reason": 7}'), Rejected("403")),
    (Reply(410, b"gone"), Rejected("410")),
    (Reply(418), Rejected("418")),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS, ids=lambda value: str(value)[:60])
async def test_answers_are_understood(apns: AppleRig, answer: Reply, outcome: Outcome) -> None:
    apns.peer.answers(answer)
    async with apns.provider() as provider:
        assert await provider.send(delivery(), apns.credential) == outcome
    assert len(apns.peer.heard) == 1


@pytest.mark.parametrize("answer", [said(503, "Shutdown"), said(400, "IdleTimeout")], ids=["shutdown", "idle"])
async def test_a_server_that_leaves_is_left_for_another_connection(apns: AppleRig, answer: Reply) -> None:
    apns.peer.answers(answer, Reply())
    async with apns.provider() as provider:
        assert isinstance(await provider.send(delivery(), apns.credential), Sent)
    assert [heard.connection for heard in apns.peer.heard] == [0, 1]


async def test_a_server_that_always_leaves_is_tried_four_times(apns: AppleRig) -> None:
    apns.peer.answers(said(503, "Shutdown"))
    async with apns.provider() as provider:
        outcome = await provider.send(delivery(), apns.credential)
    assert isinstance(outcome, TryLater)
    assert not outcome.maybe_sent
    assert len(apns.peer.heard) == 4


async def test_a_body_of_a_megabyte_is_cut_off(apns: AppleRig) -> None:
    apns.peer.answers(Reply(400, b"x" * 2**20), Reply())
    async with apns.provider() as provider:
        assert await provider.send(delivery(), apns.credential) == Rejected("400")
        assert isinstance(await provider.send(delivery(1), apns.credential), Sent)
    assert len(apns.peer.connections) == 1


async def test_interim_answers_and_trailers_are_no_answers(apns: AppleRig) -> None:
    apns.peer.answers(Reply(410, said(410, "Unregistered").body, interim=True, trailers=True))
    async with apns.provider() as provider:
        assert await provider.send(delivery(), apns.credential) == TokenGone(reason="Unregistered")


async def test_garbage_in_place_of_frames_leaves_the_fate_open(apns: AppleRig) -> None:
    apns.peer.answers(Raw(b"\xff" * 64), Reply())
    async with apns.provider() as provider:
        outcome = await provider.send(delivery(), apns.credential)
        assert isinstance(outcome, TryLater)
        assert outcome.maybe_sent
        assert isinstance(await provider.send(delivery(1), apns.credential), Sent)


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"payload": {"aps": {"alert": {"body": "x" * 4096}}}}, Rejected("too_large")),
        ({"address": "../../etc"}, Rejected("not a device token")),
        ({"address": ""}, Rejected("not a device token")),
    ],
)
async def test_what_apple_cannot_take_is_not_sent(apns: AppleRig, fields: dict[str, Any], outcome: Outcome) -> None:
    async with apns.provider() as provider:
        assert await provider.send(delivery(**fields), apns.credential) == outcome
    assert not apns.peer.heard


async def test_certificate_credentials_show_a_certificate_and_no_token(trusted: Authority) -> None:
    async with apple_rig(trusted, asks_clients=True) as rig:
        rig.peer.keys.clear()
        async with rig.provider() as provider:
            assert isinstance(await provider.send(delivery(), apple(trusted.client())), Sent)
    (heard,) = rig.peer.heard
    assert heard.certificate
    assert "authorization" not in heard.headers
    assert heard.headers["apns-topic"] == TOPIC


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"days": (-30, -1)}, "certificate_expired"),
        ({"days": (1, 30)}, "certificate_not_yet_valid"),
        ({"topic": None}, "certificate_without_topic"),
    ],
)
async def test_certificates_that_cannot_work_are_not_tried(
    apns: AppleRig, trusted: Authority, how: dict[str, Any], reason: str
) -> None:
    async with apns.provider() as provider:
        assert await provider.send(delivery(), apple(trusted.client(**how))) == CredentialBad(reason)
    assert not apns.peer.connections


async def test_a_peer_that_nobody_vouches_for_is_not_talked_to(apns: AppleRig) -> None:
    async with apns.provider(ca_file=None) as provider:
        outcome = await provider.send(delivery(), apns.credential)
    assert isinstance(outcome, TryLater)
    assert not outcome.maybe_sent
    assert not apns.peer.heard


async def test_a_peer_of_another_name_is_not_talked_to(apns: AppleRig) -> None:
    async with apns.provider(url=f"https://127.0.0.2:{apns.peer.port}") as provider:
        assert isinstance(await provider.send(delivery(), apns.credential), TryLater)
    assert not apns.peer.heard


async def test_a_peer_out_of_reach_is_left_alone_for_a_while(apns: AppleRig) -> None:
    async with apns.provider(url="https://localhost:1") as provider:
        outcomes = [await provider.send(delivery(number), apns.credential) for number in range(3)]
    assert all(isinstance(outcome, TryLater) and not outcome.maybe_sent for outcome in outcomes)
    assert all(isinstance(outcome, TryLater) and 0 < (outcome.after or 0) <= 1 for outcome in outcomes)


async def test_connections_stay_open_and_are_shared(apns: AppleRig) -> None:
    async with apns.provider() as provider:
        for start in range(0, 90, 30):
            pushes = [provider.send(delivery(start + number), apns.credential) for number in range(30)]
            assert all(isinstance(outcome, Sent) for outcome in await asyncio.gather(*pushes))
        assert apns.counting.open == 1
    assert len({heard.path for heard in apns.peer.heard}) == 90
    assert not apns.peer.faults


async def test_changed_secrets_get_new_connections(apns: AppleRig, trusted: Authority) -> None:
    async with apns.provider() as provider:
        await provider.send(delivery(), apns.credential)
        await provider.send(delivery(), apple(trusted.client()))
        await provider.send(delivery(), apns.credential)
    assert [heard.connection for heard in apns.peer.heard] == [0, 1, 0]


async def test_expiry_is_that_of_the_push(apns: AppleRig) -> None:
    expires = datetime.now(UTC) + timedelta(hours=3)
    async with apns.provider() as provider:
        await provider.send(delivery(expires_at=expires), apns.credential)
    assert apns.peer.heard[0].headers["apns-expiration"] == str(int(expires.timestamp()))
