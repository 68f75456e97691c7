"""Parameters of Conversations v1. The codes are those of the Twilio REST API."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from chatcore.domain.webhooks import EVENTS, POST_EVENTS, Vocabulary

from ..operation import Parameter as P
from ..shapes import any_case, flag, integer, json_text, many, moment, one_of, sid, text, url
from .chat_parameters import ATTRIBUTES, CREDENTIAL_CREATE, DATES, FRIENDLY_NAME, IDENTITY, NAME, PERMISSIONS

EVENT_NAMES: Final = sorted(EVENTS[Vocabulary.CONVERSATIONS])
POST_EVENT_NAMES: Final = sorted(POST_EVENTS[Vocabulary.CONVERSATIONS])

_TIMER_ABOUT: Final = "ISO 8601 duration; empty clears"
_STATE: Final = one_of("initializing", "inactive", "active", "closed")
_WEBHOOK_URLS: Final = (
    P(name="PreWebhookUrl", shape=url(), clears=True, code=50077),
    P(name="PostWebhookUrl", shape=url(), clears=True, code=50078),
)
_FILTERS: Final = P(name="Filters", shape=many(one_of(*EVENT_NAMES)), clears=True, code=50054, note="Replaces the list")

CONFIGURATION: Final = (
    P(name="DefaultChatServiceSid", shape=sid("IS"), code=50050, note="A service of the account"),
    P(name="DefaultMessagingServiceSid", shape=sid("MG"), code=50341),
    P(name="DefaultInactiveTimer", shape=text(), clears=True, code=50379, note=f"{_TIMER_ABOUT}; PT1M at least"),
    P(name="DefaultClosedTimer", shape=text(), clears=True, code=50380, note=f"{_TIMER_ABOUT}; PT10M at least"),
)
ACCOUNT_WEBHOOKS: Final = (
    P(name="Method", shape=any_case("GET", "POST"), code=50055),
    _FILTERS,
    *_WEBHOOK_URLS,
    P(name="Target", shape=one_of("webhook", "flex")),
)
SERVICE_CONFIGURATION: Final = (
    P(name="DefaultConversationCreatorRoleSid", shape=sid("RL"), code=50106, note="A conversation role"),
    P(name="DefaultConversationRoleSid", shape=sid("RL"), code=50109, note="A conversation role"),
    P(name="DefaultChatServiceRoleSid", shape=sid("RL"), code=50102, note="A service role"),
    P(name="ReachabilityEnabled", shape=flag()),
)
SERVICE_WEBHOOKS: Final = (*_WEBHOOK_URLS, _FILTERS, P(name="Method", shape=any_case("GET", "POST"), code=50055))

_PUSHES: Final = ("NewMessage", "AddedToConversation", "RemovedFromConversation")
NOTIFICATIONS: Final = (
    P(name="LogEnabled", shape=flag(), note="Keep a log of each push"),
    *(P(name=f"{push}.Enabled", shape=flag()) for push in _PUSHES),
    *(P(name=f"{push}.Template", shape=text(2048), clears=True, code=50058) for push in _PUSHES),
    *(P(name=f"{push}.Sound", shape=text(NAME), clears=True, code=50059) for push in _PUSHES),
    P(name="NewMessage.BadgeCountEnabled", shape=flag()),
    P(name="NewMessage.WithMedia.Enabled", shape=flag()),
    P(name="NewMessage.WithMedia.Template", shape=text(2048), clears=True, code=50058),
)

ADDRESS_TYPE: Final = one_of("sms", "whatsapp", "messenger", "gbm", "email", "rcs", "apple", "chat")
ADDRESS_UPDATE: Final = (
    FRIENDLY_NAME,
    P(name="AutoCreation.Enabled", shape=flag()),
    P(name="AutoCreation.Type", shape=one_of("webhook", "studio", "default")),
    P(name="AutoCreation.ConversationServiceSid", shape=sid("IS")),
    P(name="AutoCreation.WebhookUrl", shape=url()),
    P(name="AutoCreation.WebhookMethod", shape=any_case("GET", "POST"), code=50055),
    P(name="AutoCreation.WebhookFilters", shape=many(text())),
    P(name="AutoCreation.StudioFlowSid", shape=sid("FW")),
    P(name="AutoCreation.StudioRetryCount", shape=integer(0), code=50065),
)
ADDRESS_CREATE: Final = (
    P(name="Type", shape=ADDRESS_TYPE, required=True),
    P(name="Address", shape=text(shortest=1), required=True),
    P(name="AddressCountry", shape=text(2, shortest=2), note="ISO 3166-1 alpha-2"),
    *ADDRESS_UPDATE,
)
ADDRESS_FILTER: Final = P(name="Type", shape=ADDRESS_TYPE)

CONVERSATION: Final = (
    FRIENDLY_NAME,
    P(name="UniqueName", shape=text(NAME), clears=True, code=50004, note="Unique in the service"),
    *DATES,
    P(name="MessagingServiceSid", shape=sid("MG"), code=50341),
    ATTRIBUTES,
    P(name="State", shape=_STATE, code=50378, note="`closed` is final"),
    P(name="Timers.Inactive", shape=text(), clears=True, code=50379, note=f"{_TIMER_ABOUT}; PT1M at least"),
    P(name="Timers.Closed", shape=text(), clears=True, code=50380, note=f"{_TIMER_ABOUT}; PT10M at least"),
    P(name="Bindings.Email.Address", shape=text()),
    P(name="Bindings.Email.Name", shape=text()),
)
CONVERSATION_FILTERS: Final = (
    P(name="StartDate", shape=text(), note="ISO 8601 date or date-time of creation, inclusive"),
    P(name="EndDate", shape=text(), note="The same; a bare date covers its whole day"),
    P(name="State", shape=_STATE, code=50378),
)
PARTICIPANTS: Final = P(
    name="Participant",
    shape=many(json_text("JSON object"), most=10),
    note="`identity` or `messaging_binding`, and optionally `attributes`, `role_sid`",
)

MESSAGE_UPDATE: Final = (
    P(name="Author", shape=text(NAME), code=50310, note="`system` unless given"),
    P(name="Body", shape=text(), code=50504, note="At most 32 KiB"),
    *DATES,
    ATTRIBUTES,
    P(name="Subject", shape=text(NAME), note="Kept, not answered"),
)
MESSAGE_CREATE: Final = (
    *MESSAGE_UPDATE,
    P(name="MediaSid", shape=sid("ME"), code=50507, note="A file of the service that no message has yet"),
    P(name="ContentSid", shape=sid("HX"), note="Replaces body and media"),
    P(name="ContentVariables", shape=json_text()),
)

_ROLE: Final = P(name="RoleSid", shape=sid("RL"), code=50100, note="A conversation role of the service")
_ADDRESSES: Final = (
    P(name="MessagingBinding.ProxyAddress", shape=text(), code=50408),
    P(name="MessagingBinding.ProjectedAddress", shape=text()),
)
PARTICIPANT_CREATE: Final = (
    P(name="Identity", shape=text(NAME, shortest=1), code=50207, note="Or an address"),
    P(name="MessagingBinding.Address", shape=text(), code=50407, note="Not with Identity"),
    *_ADDRESSES,
    *DATES,
    ATTRIBUTES,
    _ROLE,
)
_HORIZON: Final = P(name="LastReadMessageIndex", shape=integer(0), clears=True, code=50421)
_HORIZON_DATE: Final = P(name="LastReadTimestamp", shape=moment(), clears=True)
PARTICIPANT_UPDATE: Final = (
    P(name="Identity", shape=text(NAME, shortest=1), code=50207),
    *_ADDRESSES,
    *DATES,
    ATTRIBUTES,
    _ROLE,
    _HORIZON,
    _HORIZON_DATE,
)

WEBHOOK_UPDATE: Final = (
    P(name="Configuration.Url", shape=url(512), code=50372, note="webhook and trigger need one"),
    P(name="Configuration.Method", shape=any_case("GET", "POST"), code=50055, note="Answered as it was given"),
    P(
        name="Configuration.Filters",
        shape=many(one_of(*POST_EVENT_NAMES)),
        code=50365,
        note="Events after the fact; a webhook needs some",
    ),
    P(
        name="Configuration.Triggers",
        shape=many(text(248, shortest=1), most=5),
        code=50366,
        note="A trigger needs some",
    ),
    P(name="Configuration.FlowSid", shape=sid("FW"), code=50367, note="studio needs one"),
)
WEBHOOK_CREATE: Final = (
    P(name="Target", shape=one_of("webhook", "trigger", "studio"), required=True, code=50364, missing=50368),
    *WEBHOOK_UPDATE,
    P(name="Configuration.ReplayAfter", shape=integer(), note="Index of a message"),
)

USER_CONVERSATION: Final = (
    P(name="NotificationLevel", shape=one_of("default", "muted"), code=50210),
    _HORIZON_DATE,
    _HORIZON,
)
PARTICIPANT_CONVERSATIONS: Final = (
    P(name="Identity", shape=text(), note="Either this"),
    P(name="Address", shape=text(), note="or this"),
)
USER_UPDATE: Final = (
    FRIENDLY_NAME,
    ATTRIBUTES,
    P(name="RoleSid", shape=sid("RL"), code=50100, note="A service role of the service"),
)
USER_CREATE: Final = (IDENTITY, *USER_UPDATE)
ROLE_CREATE: Final = (
    P(name="FriendlyName", shape=text(NAME), required=True, code=50003),
    P(name="Type", shape=one_of("conversation", "service"), required=True, code=50105),
    PERMISSIONS,
)
BINDING_FILTERS: Final = (
    P(name="BindingType", shape=many(one_of("apn", "gcm", "fcm", "twilsock")), code=50209),
    P(name="Identity", shape=many(text())),
)
CREDENTIAL_UPDATE: Final = (replace(CREDENTIAL_CREATE[0], required=False), *CREDENTIAL_CREATE[1:])
