"""What is accepted as the secret of a push credential, and what is refused by which name."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.secrets import SecretBox
from chatcore.domain.devices import PushType
from chatcore.domain.errors import ChatError, Code
from chatcore.ports.devices import SecretParts

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SAFE = PushSecretSafe(SecretBox(["a key for tests, long enough"]))
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
P256_KEY = ec.generate_private_key(ec.SECP256R1())


def pem(key: Key, encryption: KeySerializationEncryption | None = None) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()).decode()


def certificate(key: Key, *, days: int = 30) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.USER_ID, "com.example.app")])
    start = datetime.now(UTC) - timedelta(days=400)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=400 + days))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


CERTIFICATE, RSA_PEM, P8 = certificate(RSA_KEY), pem(RSA_KEY), pem(P256_KEY)
ACCOUNT = {"project_id": "p", "client_email": "a@b", "private_key": RSA_PEM, "token_uri": "https://example.org/token"}
TOKEN = {"key_id": "ABCDE12345", "team_id": "TEAM123456", "topic": "com.example.app"}


@pytest.mark.parametrize(
    "write",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\\n"),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "%0A").replace("+", "%2B"),
        lambda text: text.replace("\n", "%0D%0A"),
        lambda text: f"\n\n{text.strip()}  ",
    ],
)
def test_newlines_of_pem_arrive_in_many_ways(write) -> None:  # type: ignore[no-untyped-def]  # a table of lambdas
    parts = SecretParts(certificate=write(CERTIFICATE), private_key=write(RSA_PEM))
    secrets = SAFE.open(SAFE.seal(PushType.APN, parts))
    assert (secrets.certificate, secrets.private_key) == (CERTIFICATE, RSA_PEM)


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        (PushType.APN, SecretParts()),
        (PushType.APN, SecretParts(certificate=CERTIFICATE)),
        (PushType.APN, SecretParts(certificate=certificate(RSA_KEY, days=-10), private_key=RSA_PEM)),
        (PushType.APN, SecretParts(private_key=P8, **TOKEN)),
        (PushType.FCM, SecretParts(secret=json.dumps(ACCOUNT))),
        (PushType.GCM, SecretParts(secret=json.dumps(ACCOUNT))),
        (PushType.FCM, SecretParts(secret=json.dumps({**ACCOUNT, "token_uri": "http://elsewhere"}))),
        (PushType.GCM, SecretParts(api_key="AIzaSyDx-1_2")),
        (PushType.FCM, SecretParts(secret="AAAAabc:APA91bF_x-y")),
        (PushType.FCM, SecretParts(certificate="not looked at", key_id="?")),
    ],
)
def test_accepted(kind: PushType, parts: SecretParts) -> None:
    sealed = SAFE.seal(kind, parts)
    assert SAFE.reseal(kind, sealed, SecretParts()) == sealed


REFUSED = [
    (
        PushType.APN,
        SecretParts(certificate="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"),
        "Certificate",
    ),
    (PushType.APN, SecretParts(certificate=RSA_PEM), "Certificate"),
    (PushType.APN, SecretParts(private_key="garbage"), "PrivateKey"),
    (PushType.APN, SecretParts(private_key=CERTIFICATE), "PrivateKey"),
    (PushType.APN, SecretParts(private_key=pem(RSA_KEY, BestAvailableEncryption(b"x"))), "PrivateKey"),
    (PushType.APN, SecretParts(certificate=CERTIFICATE, private_key=P8), "PrivateKey"),
    (PushType.APN, SecretParts(private_key=RSA_PEM, **TOKEN), "PrivateKey"),
    (PushType.APN, SecretParts(**TOKEN), "PrivateKey"),
    (PushType.APN, SecretParts(private_key=P8, key_id="ABCDE12345"), "TeamId"),
    (PushType.APN, SecretParts(private_key=P8, **{**TOKEN, "key_id": "short"}), "KeyId"),
    (PushType.APN, SecretParts(private_key=P8, **{**TOKEN, "team_id": "lowercase1"}), "TeamId"),
    (PushType.APN, SecretParts(private_key=P8, **{**TOKEN, "topic": "x" * 257}), "Topic"),
    (PushType.APN, SecretParts(private_key="x\x00"), "PrivateKey"),
    (PushType.APN, SecretParts(certificate="x" * 70_000), "Certificate"),
    (PushType.FCM, SecretParts(secret="{"), "Secret"),
    (PushType.FCM, SecretParts(secret="{}"), "Secret"),
    (PushType.FCM, SecretParts(secret='["a"]'), "Secret"),
    (PushType.FCM, SecretParts(secret="two\nlines"), "Secret"),
    (PushType.FCM, SecretParts(secret=json.dumps({**ACCOUNT, "private_key": "x"})), "Secret"),
    (PushType.FCM, SecretParts(secret=json.dumps({**ACCOUNT, "client_email": 1})), "Secret"),
    (PushType.GCM, SecretParts(api_key="é"), "ApiKey"),
]


@pytest.mark.parametrize(("kind", "parts", "name"), REFUSED)
def test_refused_by_the_name_of_the_parameter(kind: PushType, parts: SecretParts, name: str) -> None:
    with pytest.raises(ChatError) as caught:
        SAFE.seal(kind, parts)
    assert caught.value.code is Code.INVALID_PARAMETER
    assert caught.value.message.startswith(name)
    assert "-----BEGIN" not in caught.value.message


@pytest.mark.parametrize("missing", ["project_id", "client_email", "private_key", "token_uri"])
def test_a_service_account_is_complete(missing: str) -> None:
    account = {name: text for name, text in ACCOUNT.items() if name != missing}
    with pytest.raises(ChatError, match=missing):
        SAFE.seal(PushType.FCM, SecretParts(secret=json.dumps(account)))


def test_a_part_changes_and_the_others_stay() -> None:
    sealed = SAFE.seal(PushType.APN, SecretParts(private_key=P8, **TOKEN))
    changed = SAFE.open(SAFE.reseal(PushType.APN, sealed, SecretParts(topic="com.example.other")))
    assert (changed.topic, changed.key_id, changed.private_key) == ("com.example.other", "ABCDE12345", P8)
    with pytest.raises(ChatError, match="PrivateKey"):
        SAFE.reseal(PushType.APN, sealed, SecretParts(private_key=None))


def test_a_legacy_key_is_no_service_account() -> None:
    assert SAFE.open(SAFE.seal(PushType.GCM, SecretParts(api_key="legacy"))).service_account is None
    found = SAFE.open(SAFE.seal(PushType.FCM, SecretParts(secret=json.dumps(ACCOUNT)))).service_account
    assert found == ACCOUNT
