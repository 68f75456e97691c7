"""What an account configures for all its services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .ids import AccountSid, AddressSid, ServiceSid
from .webhooks import AccountWebhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountConfiguration:
    account_sid: AccountSid
    default_service_sid: ServiceSid
    default_messaging_service_sid: str
    default_inactive_timer: str | None  # ISO 8601 duration, as given
    default_closed_timer: str | None
    webhooks: AccountWebhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoCreation:
    """What an inbound message of an unknown sender would start; stored only, because no messaging gateway is
    attached. None where never set."""

    enabled: bool = False
    type: str | None = None
    conversation_service_sid: str | None = None
    webhook_url: str | None = None
    webhook_method: str | None = None
    webhook_filters: tuple[str, ...] | None = None
    studio_flow_sid: str | None = None
    studio_retry_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressConfiguration:
    sid: AddressSid
    account_sid: AccountSid
    type: str
    address: str
    address_country: str | None
    friendly_name: str | None
    auto_creation: AutoCreation
    date_created: datetime
    date_updated: datetime
