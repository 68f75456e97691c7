"""Why a push credential cannot be used, as far as that can be seen without asking its provider."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from .credentials import PushSecrets

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class _Certificate:
    topic: str | None
    begins: datetime
    ends: datetime


@lru_cache(maxsize=256)
def _certificate(pem: str) -> _Certificate | None:
    try:
        found = x509.load_pem_x509_certificate(pem.encode())
        names = found.subject.get_attributes_for_oid(NameOID.USER_ID)
    except ValueError:
        return None
    topic = names[0].value if names and isinstance(names[0].value, str) else None
    return _Certificate(topic, found.not_valid_before_utc, found.not_valid_after_utc)


def topic(secrets: PushSecrets) -> str | None:
    """A certificate carries its own, in the subject's UID; a token key does not."""
    if secrets.certificate is None:
        return secrets.topic
    found = _certificate(secrets.certificate)
    return found.topic if found is not None else None


def apple_defect(secrets: PushSecrets, now: datetime) -> str | None:
    """None where nothing speaks against it."""
    if secrets.private_key is None:
        return "no_key"
    if secrets.certificate is None:
        return None if secrets.key_id and secrets.team_id and secrets.topic else "no_key_id_team_id_or_topic"
    found = _certificate(secrets.certificate)
    if found is None:
        return "certificate_unreadable"
    if now > found.ends:
        return "certificate_expired"
    if now < found.begins:
        return "certificate_not_yet_valid"
    return None if found.topic else "certificate_without_topic"


@lru_cache(maxsize=256)
def google_defect(secret: str | None, token_url: str | None) -> str | None:
    """`token_url` is asked instead of the one in the service account, where given."""
    if secret is None:
        return "no_secret"
    if not secret.startswith("{"):
        return "legacy_key"
    if token_url is not None:
        return None
    uri = urlsplit(json.loads(secret)["token_uri"])
    return None if uri.scheme == "https" or uri.hostname in LOOPBACK else "token_uri_not_https"
