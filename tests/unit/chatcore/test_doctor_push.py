from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest

from chatcore import config
from chatcore.auth.credentials import PushSecrets, PushSecretSafe
from chatcore.auth.secrets import SecretBox
from chatcore.doctor_push import push_findings
from chatcore.domain.devices import PushType
from chatcore.domain.ids import CredentialSid
from chatcore.ports.devices import SecretParts
from chatcore.store.pushes import CredentialInUse
from tests.support.push_keys import authority, service_account, token_key

KEY = "a-key-for-tests-that-is-long-enough"
SETTINGS, _ = config.load({"CHAT_SECRET_KEY": KEY})


def in_use(secrets: PushSecrets, kind: PushType = PushType.APN, *, devices: int = 3, key: str = KEY) -> CredentialInUse:
    parts = asdict(secrets)
    sealed = PushSecretSafe(SecretBox([key])).seal(kind, SecretParts(**parts))
    return CredentialInUse(sid=CredentialSid("CR1"), type=kind, sandbox=False, sealed=sealed, devices=devices)


def test_without_credentials_there_is_nothing_to_say() -> None:
    assert push_findings([], SETTINGS) == []


def test_usable_ones(tmp_path: Path) -> None:
    credentials = [
        in_use(token_key()),
        in_use(authority(tmp_path).client()),
        in_use(service_account("https://oauth2.example.org/token"), PushType.FCM),
    ]
    (finding,) = push_findings(credentials, SETTINGS)
    assert (finding.ok, finding.text) == (True, "3 of 3 are usable")


@pytest.mark.parametrize(
    ("secrets", "kind", "text"),
    [
        (PushSecrets(), PushType.APN, "no key"),
        (PushSecrets(secret="AAAA-legacy"), PushType.GCM, "legacy key"),
        (PushSecrets(), PushType.FCM, "no secret"),
        (service_account("http://oauth2.example.org/token"), PushType.FCM, "token uri not https"),
        (replace(token_key(), key_id=None, team_id=None, topic=None), PushType.APN, "no key id team id or topic"),
    ],
)
def test_what_cannot_be_used(secrets: PushSecrets, kind: PushType, text: str) -> None:
    found, total = push_findings([in_use(secrets, kind)], SETTINGS)
    assert not found.ok
    assert found.text.startswith(text)
    assert "3 devices" in found.text
    assert found.advice
    assert total.text == "0 of 1 are usable"


def test_certificates_have_to_be_valid_now_and_name_their_app(tmp_path: Path) -> None:
    made = authority(tmp_path)
    for secrets, text in (
        (made.client(days=(-9, -1)), "certificate expired"),
        (made.client(days=(1, 9)), "certificate not yet valid"),
        (made.client(topic=None), "certificate without topic"),
    ):
        found, _ = push_findings([in_use(secrets)], SETTINGS)
        assert (found.ok, found.text.partition(";")[0]) == (False, text)


def test_secrets_of_another_key() -> None:
    found, _ = push_findings([in_use(token_key(), key="another key")], SETTINGS)
    assert (found.ok, found.text.partition(";")[0]) == (False, "unreadable")


def test_what_no_device_waits_for_is_no_failure() -> None:
    found, _ = push_findings([in_use(PushSecrets(secret="AAAA-legacy"), PushType.FCM, devices=0)], SETTINGS)
    assert found.ok
