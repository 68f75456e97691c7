"""The versions of Chat."""

from __future__ import annotations

from typing import Final

from . import event_urls, present, present_v1
from .version import Reads, Version

_PUSHES = ("NewMessage", "AddedToChannel", "RemovedFromChannel", "InvitedToChannel")
_CHANNEL_UPDATE = frozenset({"FriendlyName", "UniqueName", "Attributes"})

V1: Final = Version(
    name="v1",
    present=present_v1,
    page_max=1000,
    user_channels_max=1000,
    webhook_header=False,
    event_urls=True,
    body_required=True,
    reads={
        Reads.SERVICE_UPDATE: frozenset(
            {
                "FriendlyName",
                "DefaultServiceRoleSid",
                "DefaultChannelRoleSid",
                "DefaultChannelCreatorRoleSid",
                "ReadStatusEnabled",
                "ReachabilityEnabled",
                "TypingIndicatorTimeout",
                "ConsumptionReportInterval",
                *(f"Notifications.{push}.{part}" for push in _PUSHES for part in ("Enabled", "Template")),
                "PreWebhookUrl",
                "PostWebhookUrl",
                "WebhookMethod",
                "WebhookFilters",
                "Limits.ChannelMembers",
                "Limits.UserChannels",
            }
            | event_urls.PARAMETERS
        ),
        Reads.CHANNEL_CREATE: _CHANNEL_UPDATE | {"Type"},
        Reads.CHANNEL_UPDATE: _CHANNEL_UPDATE,
        Reads.MEMBER_CREATE: frozenset({"Identity", "RoleSid"}),
        Reads.MEMBER_UPDATE: frozenset({"RoleSid", "LastConsumedMessageIndex"}),
        Reads.MESSAGE_CREATE: frozenset({"Body", "From", "Attributes"}),
        Reads.MESSAGE_UPDATE: frozenset({"Body", "Attributes"}),
    },
)
V2: Final = Version(
    name="v2",
    present=present,
    page_max=100,
    user_channels_max=50,
    webhook_header=True,
    event_urls=False,
    body_required=False,
)
