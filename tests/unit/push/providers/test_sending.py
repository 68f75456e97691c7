from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatcore.auth.credentials import PushSecrets
from chatcore.domain.devices import PushType
from chatcore.domain.ids import CredentialSid
from push.providers.breakers import FEW
from push.providers.outcomes import CredentialBad, Outcome, Rejected, Scope, Sent, TokenGone, TryLater
from push.providers.port import Delivery, SendingCredential
from push.providers.rates import BURST
from push.providers.recording import Recording
from push.providers.sending import Sending

SID = CredentialSid("CR1")
CREDENTIAL = SendingCredential(sid=SID, kind=PushType.APN, sandbox=False, secrets=PushSecrets(private_key="1"))
DOUBTFUL = TokenGone(reason="BadDeviceToken", doubtful=True)


def delivery(address: object = "a", kind: PushType = PushType.APN) -> Delivery:
    expires = datetime(2026, 11, 2, tzinfo=UTC)
    return Delivery(push_id="0" * 32, kind=kind, address=str(address), payload={"aps": {}}, expires_at=expires)


class Fake:
    kinds = frozenset({PushType.APN})

    def __init__(self) -> None:
        self.outcome: Outcome | Exception = Sent()
        self.sent: list[str] = []
        self.closed = False

    async def send(self, delivery: Delivery, credential: SendingCredential) -> Outcome:
        self.sent.append(delivery.address)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    async def aclose(self) -> None:
        self.closed = True


class Rig:
    def __init__(self) -> None:
        self.fake = Fake()
        self.restored: list[tuple[CredentialSid, datetime]] = []
        self.paused: list[tuple[CredentialSid, bool]] = []
        self.sending = Sending(
            [self.fake], restore=self._restore, paused=lambda sid, paused: self.paused.append((sid, paused))
        )

    async def _restore(self, sid: CredentialSid, since: datetime) -> None:
        self.restored.append((sid, since))

    async def send(self, address: object = "a") -> Outcome:
        return await self.sending.send(delivery(address), CREDENTIAL)


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_kind_and_credential_must_match(rig: Rig) -> None:
    assert isinstance(await rig.sending.send(delivery(kind=PushType.FCM), CREDENTIAL), Rejected)
    other = replace(CREDENTIAL, kind=PushType.FCM)
    assert isinstance(await rig.sending.send(delivery(), other), Rejected)
    assert not rig.fake.sent


async def test_a_device_that_gets_too_much_waits(rig: Rig) -> None:
    outcomes = [await rig.send() for _ in range(BURST + 1)]
    assert outcomes[:-1] == [Sent()] * BURST
    assert isinstance(outcomes[-1], TryLater)
    assert (outcomes[-1].scope, outcomes[-1].counts) == (Scope.DEVICE, False)


async def test_a_paused_credential_is_told_about_and_left_alone(rig: Rig) -> None:
    rig.fake.outcome = CredentialBad("Forbidden")
    assert await rig.send(1) == CredentialBad("Forbidden", 30.0)
    assert isinstance(await rig.send(2), TryLater)
    assert rig.fake.sent == ["1"]
    assert rig.paused == [(SID, True)]


async def test_changed_secrets_begin_anew(rig: Rig) -> None:
    rig.fake.outcome = CredentialBad("Forbidden")
    await rig.send(1)
    rig.fake.outcome = Sent()
    fresh = replace(CREDENTIAL, secrets=PushSecrets(private_key="2"))
    assert await rig.sending.send(delivery(2), fresh) == Sent()
    assert rig.paused == [(SID, True), (SID, False)]


async def test_devices_are_given_back_when_the_credential_is_suspected(rig: Rig) -> None:
    rig.fake.outcome = DOUBTFUL
    outcomes = [await rig.send(number) for number in range(FEW + 1)]
    assert outcomes[:-1] == [DOUBTFUL] * FEW
    assert isinstance(outcomes[-1], CredentialBad)
    assert rig.sending.suspected(SID)
    ((sid, since),) = rig.restored
    assert sid == SID
    assert datetime.now(UTC) - timedelta(minutes=1) < since < datetime.now(UTC)


async def test_a_bug_while_probing_does_not_block_the_credential(rig: Rig) -> None:
    rig.fake.outcome = RuntimeError("bug")
    for number in range(2):
        with pytest.raises(RuntimeError):
            await rig.send(number)
    rig.fake.outcome = Sent()
    assert await rig.send(3) == Sent()


async def test_closing_closes_the_providers(rig: Rig) -> None:
    await rig.sending.aclose()
    assert rig.fake.closed


async def test_a_recording_writes_what_it_would_send(tmp_path: Path) -> None:
    file = tmp_path / "pushes.jsonl"
    sending = Sending([Recording(file)])
    assert await sending.send(delivery("abc"), CREDENTIAL) == Sent()
    assert await sending.send(delivery("def"), CREDENTIAL) == Sent()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["address"] for line in lines] == ["abc", "def"]
    assert lines[0]["payload"] == {"aps": {}}
    assert file.stat().st_mode & 0o077 == 0
    await sending.aclose()
