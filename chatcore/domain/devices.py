"""What is needed to push: the devices of users, and the credentials of accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .ids import AccountSid, BindingSid, CredentialSid, Identity, ServiceSid, UserSid
from .webhooks import Vocabulary


class PushType(StrEnum):
    APN = "apn"
    GCM = "gcm"
    FCM = "fcm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A device of a user that wants pushes. `address` is the provider's token, `endpoint` the client's own name for
    the device, `message_types` without prefix."""

    sid: BindingSid
    service_sid: ServiceSid
    user_sid: UserSid
    identity: Identity
    binding_type: PushType
    endpoint: str
    address: str
    credential_sid: CredentialSid
    message_types: tuple[str, ...]
    vocabulary: Vocabulary
    registered_at: datetime
    date_created: datetime
    date_updated: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """An account's access to a push provider; the secrets themselves are stored sealed and never shown."""

    sid: CredentialSid
    account_sid: AccountSid
    friendly_name: str | None
    type: PushType
    sandbox: bool | None  # apn only
    date_created: datetime
    date_updated: datetime
