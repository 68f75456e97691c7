"""What a service is when only its name is given."""

from __future__ import annotations

from datetime import datetime

from .ids import AccountSid, RoleSid, ServiceSid, new_sid
from .model import Notifications, Role, Service
from .permissions import CHANNEL_ADMIN, CHANNEL_USER, DEFAULT_ROLES, SERVICE_USER


def new_service(
    account_sid: AccountSid, friendly_name: str, sid: ServiceSid, now: datetime
) -> tuple[Service, list[Role]]:
    """A service as it is when only its name is given, and the roles it starts with."""
    roles = [
        Role(
            sid=RoleSid(new_sid("RL")),
            service_sid=sid,
            friendly_name=name,
            type=kind,
            permissions=tuple(permissions),
            date_created=now,
            date_updated=now,
        )
        for name, kind, permissions in DEFAULT_ROLES
    ]
    named = {role.friendly_name: role.sid for role in roles}
    service = Service(
        sid=sid,
        account_sid=account_sid,
        friendly_name=friendly_name,
        default_service_role_sid=named[SERVICE_USER],
        default_channel_role_sid=named[CHANNEL_USER],
        default_channel_creator_role_sid=named[CHANNEL_ADMIN],
        read_status_enabled=True,
        reachability_enabled=False,
        typing_indicator_timeout=5,
        consumption_report_interval=10,
        limit_channel_members=100,
        limit_user_channels=250,
        pre_webhook_url=None,
        post_webhook_url=None,
        webhook_method=None,
        webhook_filters=None,
        pre_webhook_retry_count=0,
        post_webhook_retry_count=0,
        media_size_limit_mb=150,
        media_compatibility_message="Media messages are not supported by your client",
        notifications=Notifications(),
        date_created=now,
        date_updated=now,
    )
    return service, roles
