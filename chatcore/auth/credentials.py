"""Secrets of push credentials: checked when they come in, sealed at rest, opened for the worker alone.

Scripts hand PEM text over in many ways (`\\n` written out, percent-encoded, CRLF), so it is normalised first. What
cannot work is refused at once, by the name of its parameter and without a word of its text; what merely will not work
any more (an expired certificate, a legacy server key) is accepted, so that existing scripts run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final, TypeAlias
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from chatcore.domain import limits
from chatcore.domain.devices import PushType
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import Unset, given
from chatcore.ports.devices import SecretParts

from .secrets import SecretBox

SECRET_CHARS: Final = 64 * 1024
TOPIC_CHARS: Final = 256
SERVICE_ACCOUNT: Final = ("project_id", "client_email", "private_key", "token_uri")

_APPLE_ID = re.compile(r"[A-Z0-9]{10}")
_LEGACY_KEY = re.compile(r"[ -~]{1,4096}")

PrivateKey: TypeAlias = object
"""Any kind that the library reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushSecrets:
    """What a credential consists of. Apple: a certificate with its key, or a token key with both IDs and the topic.
    Google: `secret`, a service account's JSON or a legacy server key."""

    certificate: str | None = None
    private_key: str | None = None
    key_id: str | None = None
    team_id: str | None = None
    topic: str | None = None
    secret: str | None = None

    @property
    def service_account(self) -> Mapping[str, str] | None:
        """None for a legacy key, with which nothing can be sent any more."""
        if self.secret is None or not self.secret.startswith("{"):
            return None
        account: Mapping[str, str] = json.loads(self.secret)
        return account


class PushSecretSafe:
    """Keeps the secrets of credentials as one sealed JSON object each."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def seal(self, kind: PushType, parts: SecretParts) -> bytes:
        return self._sealed(_checked(kind, PushSecrets(), parts))

    def reseal(self, kind: PushType, sealed: bytes, parts: SecretParts) -> bytes:
        held = self.open(sealed)
        fresh = _checked(kind, held, parts)
        return sealed if fresh == held else self._sealed(fresh)

    def open(self, sealed: bytes) -> PushSecrets:
        """Raises SecretUnreadableError."""
        return PushSecrets(**json.loads(self._box.open(sealed)))

    def _sealed(self, secrets: PushSecrets) -> bytes:
        return self._box.seal(json.dumps({name: part for name, part in asdict(secrets).items() if part is not None}))


def _checked(kind: PushType, held: PushSecrets, parts: SecretParts) -> PushSecrets:
    return _apple(held, parts) if kind is PushType.APN else _google(held, parts)


def _apple(held: PushSecrets, parts: SecretParts) -> PushSecrets:
    secrets = replace(
        held,
        certificate=_part("Certificate", parts.certificate, held.certificate, pem=True),
        private_key=_part("PrivateKey", parts.private_key, held.private_key, pem=True),
        key_id=_part("KeyId", parts.key_id, held.key_id),
        team_id=_part("TeamId", parts.team_id, held.team_id),
        topic=_part("Topic", parts.topic, held.topic),
    )
    certificate = _certificate(secrets.certificate) if secrets.certificate is not None else None
    key = _private_key("PrivateKey", secrets.private_key) if secrets.private_key is not None else None
    for name, text in (("KeyId", secrets.key_id), ("TeamId", secrets.team_id)):
        if text is not None and not _APPLE_ID.fullmatch(text):
            raise _invalid(name, "must be 10 capital letters and digits")
    if secrets.topic is not None and len(secrets.topic) > TOPIC_CHARS:
        raise _invalid("Topic", f"is longer than {TOPIC_CHARS} characters")
    if certificate is not None and key is not None and _public(certificate) != _public(key):
        raise _invalid("PrivateKey", "does not belong to the certificate")
    token = (secrets.key_id, secrets.team_id, secrets.topic)
    if certificate is None and any(token):
        if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
            raise _invalid("PrivateKey", "must be a P-256 key where KeyId, TeamId and Topic are given")
        for name, text in zip(("KeyId", "TeamId", "Topic"), token, strict=True):
            if text is None:
                raise _invalid(name, "is missing: a key without certificate needs KeyId, TeamId and Topic")
    return secrets


def _google(held: PushSecrets, parts: SecretParts) -> PushSecrets:
    """Either name is read for either type; the one that belongs to FCM wins."""
    name, part = ("ApiKey", parts.api_key) if isinstance(parts.secret, Unset) else ("Secret", parts.secret)
    text = _part(name, part, held.secret)
    if text is None or text == held.secret:
        return PushSecrets(secret=text)
    if text[:3].lower() == "%7b":
        text = unquote(text)
    if text.startswith(("{", "[", '"')):
        _check_service_account(name, text)
    elif not _LEGACY_KEY.fullmatch(text):
        raise _invalid(name, "is neither the JSON of a service account nor a server key")
    return PushSecrets(secret=text)


def _part(name: str, text: str | Unset | None, held: str | None, *, pem: bool = False) -> str | None:
    value = given(text, held)
    if isinstance(text, Unset) or value is None:
        return value
    if len(limits.clean(name, value)) > SECRET_CHARS:
        raise _invalid(name, f"is longer than {SECRET_CHARS} characters")
    return normalised(value) if pem else value.strip() or None


def normalised(pem: str) -> str:
    """PEM with plain newlines, however its newlines arrived."""
    if "%" in pem:  # no PEM text contains one
        pem = unquote(pem)
    pem = pem.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n").replace("\r", "\n").strip()
    return f"{pem}\n" if pem else pem


def _certificate(pem: str) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        certificate.public_key()
        return certificate
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid("Certificate", "is not a certificate in PEM") from None


def _private_key(name: str, pem: str) -> PrivateKey:
    try:
        return load_pem_private_key(pem.encode(), None)
    except TypeError:
        raise _invalid(name, "is encrypted: give the key without a passphrase") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid(name, "is not a private key in PEM") from None


def _public(owner: PrivateKey) -> bytes:
    """The public key, of a certificate or of a private key."""
    public = owner.public_key()  # type: ignore[attr-defined]  # every kind has it, their union has no name
    encoded: bytes = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def _check_service_account(name: str, text: str) -> None:
    try:
        account = json.loads(text)
    except (ValueError, RecursionError):
        raise _invalid(name, "is not valid JSON") from None
    if not isinstance(account, dict):
        raise _invalid(name, "is not the JSON of a service account")
    for member in SERVICE_ACCOUNT:
        if not isinstance(account.get(member), str) or not account[member]:
            raise _invalid(name, f"has no {member}, which the JSON of a service account has")
    _private_key(f"{name}: private_key", account["private_key"])


def _invalid(name: str, why: str) -> ChatError:
    return ChatError(Code.INVALID_PARAMETER, f"{name} {why}")
