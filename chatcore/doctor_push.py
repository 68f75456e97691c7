"""What `chatcore doctor` says of push credentials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.secrets import SecretBox, SecretUnreadableError
from chatcore.auth.usable import apple_defect, google_defect
from chatcore.config import ConfigError, Settings
from chatcore.domain.devices import PushType
from chatcore.finding import Finding
from chatcore.store.pushes import CredentialInUse
from chatcore.supervisor.administration import secret_keys

_ADVICE: Final[Mapping[str, str]] = {
    "unreadable": "append the key with which it was stored to CHAT_SECRET_KEY, after a comma, or upload it again",
    "no_key": "upload Certificate and PrivateKey, or PrivateKey (p8) with KeyId, TeamId and Topic",
    "no_key_id_team_id_or_topic": "upload KeyId, TeamId and Topic with the p8 key, or a Certificate",
    "certificate_unreadable": "upload the certificate again, in PEM",
    "certificate_expired": "renew the certificate with Apple and upload it, or use a p8 key, which does not expire",
    "certificate_not_yet_valid": "check this machine's clock",
    "certificate_without_topic": "upload a certificate of the app: its subject has to name the bundle ID (UID)",
    "no_secret": "upload Secret: the JSON of a service account of the Firebase project",
    "legacy_key": "Google has switched off server keys: upload the JSON of a service account as Secret",
    "token_uri_not_https": "upload the service account as Google issued it",
}


def push_findings(credentials: Sequence[CredentialInUse], settings: Settings) -> list[Finding]:
    """One finding for each that cannot be used; wrong are those that devices wait for."""
    if not credentials:
        return []
    try:
        safe = PushSecretSafe(SecretBox(secret_keys(settings)))
    except ConfigError:
        return []  # which is said of all secrets already
    defects = [(credential, _defect(credential, safe, settings)) for credential in credentials]
    findings = [
        Finding(
            subject=f"push credential {credential.sid}",
            ok=not credential.devices,
            text=f"{defect.replace('_', ' ')}; {credential.devices} devices ({credential.type}) are not notified",
            advice=_ADVICE.get(defect, ""),
        )
        for credential, defect in defects
        if defect is not None
    ]
    usable = len(credentials) - len(findings)
    return [*findings, Finding(subject="push credentials", ok=True, text=f"{usable} of {len(credentials)} are usable")]


def _defect(credential: CredentialInUse, safe: PushSecretSafe, settings: Settings) -> str | None:
    try:
        secrets = safe.open(credential.sealed)
    except SecretUnreadableError:
        return "unreadable"
    if credential.type is PushType.APN:
        return apple_defect(secrets, datetime.now(UTC))
    return google_defect(secrets.secret, settings.push.fcm_token_url)
