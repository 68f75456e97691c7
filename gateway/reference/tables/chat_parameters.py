"""Parameters that several resources of Chat read. The codes are those of the Twilio REST API."""

from __future__ import annotations

from typing import Final

from chatcore.domain.permissions import CONVERSATIONS_NAMES, Permission
from chatcore.domain.webhooks import EVENTS, POST_EVENTS, Vocabulary

from ..operation import Parameter as P
from ..operation import Parameters
from ..shapes import INT32_MAX, flag, integer, json_text, many, moment, one_of, sid, text, url

NAME: Final = 256  # characters
PERMISSION_NAMES: Final = (*Permission, *CONVERSATIONS_NAMES)
CHAT_EVENTS: Final = sorted(EVENTS[Vocabulary.CHAT])
CHAT_POST_EVENTS: Final = sorted(POST_EVENTS[Vocabulary.CHAT])

FRIENDLY_NAME: Final = P(name="FriendlyName", shape=text(NAME), clears=True, code=50003)
UNIQUE_NAME: Final = P(
    name="UniqueName", shape=text(NAME), clears=True, code=50004, note="Unique in the service; not in the form of a SID"
)
ATTRIBUTES: Final = P(name="Attributes", shape=json_text(), code=50304)
DATE_CREATED: Final = P(name="DateCreated", shape=moment(), code=50308, note="Overrides the server's clock")
DATE_UPDATED: Final = P(name="DateUpdated", shape=moment(), code=50309, note="Overrides the server's clock")
DATES: Final = (DATE_CREATED, DATE_UPDATED)

IDENTITY: Final = P(name="Identity", shape=text(NAME, shortest=1), required=True, code=50207)
IDENTITY_FILTER: Final = P(name="Identity", shape=many(text()), note="Any of these identities")
CHANNEL_ROLE: Final = P(name="RoleSid", shape=sid("RL"), code=50100, note="A channel role of the service")
SERVICE_ROLE: Final = P(name="RoleSid", shape=sid("RL"), code=50100, note="A deployment role of the service")
HORIZON: Final = P(
    name="LastConsumedMessageIndex",
    shape=integer(0),
    clears=True,
    code=50406,
    note="Index of the last message read; not above the last one there is",
)
HORIZON_DATE: Final = P(name="LastConsumptionTimestamp", shape=moment(), clears=True, code=50405)
ORDER: Final = P(name="Order", shape=one_of("asc", "desc"), note="By index; ascending unless given")
CHANNEL_TYPE: Final = P(name="Type", shape=one_of("public", "private"))
CHANNEL_TYPES: Final = P(name="Type", shape=many(one_of("public", "private")), note="Both unless given")

USER_UPDATE: Final = (SERVICE_ROLE, ATTRIBUTES, FRIENDLY_NAME)
USER_CREATE: Final = (IDENTITY, *USER_UPDATE)
INVITE_CREATE: Final = (IDENTITY, CHANNEL_ROLE)

PERMISSIONS: Final = P(
    name="Permission",
    shape=many(one_of(*PERMISSION_NAMES)),
    required=True,
    code=50104,
    note="The whole list; the names of Conversations mean the same",
)
ROLE_CREATE: Final = (
    P(name="FriendlyName", shape=text(NAME), required=True, code=50003),
    P(name="Type", shape=one_of("channel", "deployment"), required=True, code=50105),
    PERMISSIONS,
)

_PEM = text(about="PEM; newlines may be written as `\\n` or percent-encoded")
CREDENTIAL_UPDATE: Final = (
    P(name="FriendlyName", shape=text(NAME), clears=True, code=50003),
    P(name="Certificate", shape=_PEM, note="apn"),
    P(name="PrivateKey", shape=_PEM, note="apn"),
    P(name="Sandbox", shape=flag(), note="apn"),
    P(name="ApiKey", shape=text(), note="gcm"),
    P(name="Secret", shape=text(), note="fcm: a service account as JSON, or a legacy server key"),
)
CREDENTIAL_CREATE: Final = (
    P(name="Type", shape=one_of("gcm", "apn", "fcm"), required=True),
    *CREDENTIAL_UPDATE,
)
SERVICE_CREATE: Final = (
    P(name="FriendlyName", shape=text(NAME, shortest=1), required=True, code=50000, note="Not empty"),
)

_PUSHES = ("NewMessage", "AddedToChannel", "RemovedFromChannel", "InvitedToChannel")
_TEMPLATE_NOTE = "Empty restores the default"


def _pushes(part: str, shape: dict[str, object], *, clears: bool = False, code: int = 20001) -> Parameters:
    note = _TEMPLATE_NOTE if part == "Template" else ""
    return tuple(
        P(name=f"Notifications.{push}.{part}", shape=shape, clears=clears, code=code, note=note) for push in _PUSHES
    )


SERVICE_SETTINGS: Final = (
    P(name="FriendlyName", shape=text(NAME, shortest=1), code=50000),
    P(name="DefaultServiceRoleSid", shape=sid("RL"), code=50102, note="A deployment role of the service"),
    P(name="DefaultChannelRoleSid", shape=sid("RL"), code=50101, note="A channel role of the service"),
    P(name="DefaultChannelCreatorRoleSid", shape=sid("RL"), code=50106, note="A channel role of the service"),
    P(name="ReadStatusEnabled", shape=flag()),
    P(name="ReachabilityEnabled", shape=flag()),
    P(name="TypingIndicatorTimeout", shape=integer(1, INT32_MAX), code=50053, note="Seconds"),
    P(name="ConsumptionReportInterval", shape=integer(0, INT32_MAX), code=50052, note="Seconds"),
    *_pushes("Enabled", flag()),
    *_pushes("Template", text(2048), clears=True, code=50058),
)
"""What both versions of Chat read, before the webhooks."""

SERVICE_SOUNDS: Final = (
    *_pushes("Sound", text(NAME), clears=True, code=50059),
    P(name="Notifications.NewMessage.BadgeCountEnabled", shape=flag()),
    P(name="Notifications.LogEnabled", shape=flag(), note="Keep a log of each push"),
)
SERVICE_WEBHOOKS: Final = (
    P(name="PreWebhookUrl", shape=url(), clears=True, code=50077),
    P(name="PostWebhookUrl", shape=url(), clears=True, code=50078),
    P(name="WebhookMethod", shape=one_of("GET", "POST"), clears=True, code=50055),
    P(name="WebhookFilters", shape=many(one_of(*CHAT_EVENTS)), clears=True, code=50054, note="Replaces the list"),
)
SERVICE_LIMITS: Final = (
    P(name="Limits.ChannelMembers", shape=integer(1, 1000), code=50061),
    P(name="Limits.UserChannels", shape=integer(1, 1000), code=50060),
)
SERVICE_MEDIA: Final = (
    P(name="Media.CompatibilityMessage", shape=text(), note="What clients without media show instead"),
    P(name="PreWebhookRetryCount", shape=integer(0, 3), code=50065),
    P(name="PostWebhookRetryCount", shape=integer(0, 3), code=50065),
)
