"""The operations of Chat v2, and the one of Chat v3."""

from __future__ import annotations

from typing import Final

from ..operation import Operation, Resource, operations
from ..operation import Parameter as P
from ..shapes import integer, many, one_of, sid, text, url
from .chat_parameters import (
    ATTRIBUTES,
    CHANNEL_ROLE,
    CHANNEL_TYPE,
    CHANNEL_TYPES,
    CHAT_POST_EVENTS,
    CREDENTIAL_CREATE,
    CREDENTIAL_UPDATE,
    DATES,
    FRIENDLY_NAME,
    HORIZON,
    HORIZON_DATE,
    IDENTITY,
    IDENTITY_FILTER,
    INVITE_CREATE,
    NAME,
    ORDER,
    PERMISSIONS,
    ROLE_CREATE,
    SERVICE_CREATE,
    SERVICE_LIMITS,
    SERVICE_MEDIA,
    SERVICE_SETTINGS,
    SERVICE_SOUNDS,
    SERVICE_WEBHOOKS,
    UNIQUE_NAME,
    USER_CREATE,
    USER_UPDATE,
)

_SERVICE: Final = "/v2/Services/{service}"
_CHANNEL: Final = f"{_SERVICE}/Channels/{{channel}}"
_USER: Final = f"{_SERVICE}/Users/{{user}}"

_CHANGES: Final = "create update delete"

_CREATED_BY = P(name="CreatedBy", shape=text(NAME), code=50310, note="`system` unless given")
_CHANNEL_UPDATE = (FRIENDLY_NAME, UNIQUE_NAME, ATTRIBUTES, *DATES, _CREATED_BY)

_MEMBER_UPDATE = (CHANNEL_ROLE, HORIZON, HORIZON_DATE, *DATES, ATTRIBUTES)

_MESSAGE_UPDATE = (
    P(name="From", shape=text(NAME), code=50310, note="`system` unless given; need not be a user"),
    P(name="Body", shape=text(), code=50504, note="At most 32 KiB"),
    ATTRIBUTES,
    *DATES,
    P(name="LastUpdatedBy", shape=text(NAME), code=50505),
)
_MEDIA_SID = P(name="MediaSid", shape=sid("ME"), code=50507, note="A file of the service that no message has yet")

_CONFIGURATION = (
    P(name="Configuration.Url", shape=url(512), code=50332, note="webhook and trigger need one"),
    P(name="Configuration.Method", shape=one_of("GET", "POST"), code=50055),
    P(
        name="Configuration.Filters",
        shape=many(one_of(*CHAT_POST_EVENTS)),
        code=50325,
        note="Events after the fact; a webhook needs some",
    ),
    P(name="Configuration.Triggers", shape=many(text(shortest=1), most=5), code=50326, note="A trigger needs some"),
    P(name="Configuration.FlowSid", shape=sid("FW"), code=50327, note="studio needs one"),
    P(name="Configuration.RetryCount", shape=integer(0, 3), code=50065),
)
_WEBHOOK_TYPE = P(name="Type", shape=one_of("webhook", "trigger", "studio"), required=True, code=50324, missing=50328)
_BINDING_TYPES = P(name="BindingType", shape=many(one_of("apn", "gcm", "fcm")), code=50209)

SERVICES: Final = Resource(
    tag="Services",
    noun="a service",
    plural="the services of the account",
    path="/v2/Services",
    item="/{service}",
    schema="Service",
    key="services",
    create=SERVICE_CREATE,
    update=(*SERVICE_SETTINGS, *SERVICE_SOUNDS, *SERVICE_WEBHOOKS, *SERVICE_LIMITS, *SERVICE_MEDIA),
)
ROLES: Final = Resource(
    tag="Roles",
    noun="a role",
    plural="the roles of a service",
    path=f"{_SERVICE}/Roles",
    item="/{role}",
    schema="Role",
    key="roles",
    create=ROLE_CREATE,
    update=(PERMISSIONS,),
)
USERS: Final = Resource(
    tag="Users",
    noun="a user",
    plural="the users of a service",
    path=f"{_SERVICE}/Users",
    item="/{user}",
    schema="User",
    key="users",
    create=USER_CREATE,
    update=USER_UPDATE,
    webhooks="create update",
)
USER_CHANNELS: Final = Resource(
    tag="User channels",
    noun="a channel as a user has it",
    plural="the channels a user has joined or is invited to",
    path=f"{_USER}/Channels",
    item="/{channel}",
    schema="UserChannel",
    key="channels",
    page_max=50,
    can="list fetch update delete",
    update=(
        P(name="NotificationLevel", shape=one_of("default", "muted"), code=50210),
        HORIZON,
        HORIZON_DATE,
    ),
    webhooks="delete",
)
USER_BINDINGS: Final = Resource(
    tag="User bindings",
    noun="a push binding of a user",
    plural="the push bindings of a user",
    path=f"{_USER}/Bindings",
    item="/{binding}",
    schema="UserBinding",
    key="bindings",
    page_max=50,
    can="list fetch delete",
    filters=(_BINDING_TYPES,),
)
CHANNELS: Final = Resource(
    tag="Channels",
    noun="a channel",
    plural="the channels of a service",
    path=f"{_SERVICE}/Channels",
    item="/{channel}",
    schema="Channel",
    key="channels",
    create=(FRIENDLY_NAME, UNIQUE_NAME, ATTRIBUTES, CHANNEL_TYPE, *DATES, _CREATED_BY),
    update=_CHANNEL_UPDATE,
    filters=(CHANNEL_TYPES,),
    webhooks=_CHANGES,
)
MEMBERS: Final = Resource(
    tag="Members",
    noun="a member",
    plural="the members of a channel",
    path=f"{_CHANNEL}/Members",
    item="/{member}",
    schema="Member",
    key="members",
    create=(IDENTITY, *_MEMBER_UPDATE),
    update=_MEMBER_UPDATE,
    filters=(IDENTITY_FILTER,),
    webhooks=_CHANGES,
)
MESSAGES: Final = Resource(
    tag="Messages",
    noun="a message",
    plural="the messages of a channel",
    path=f"{_CHANNEL}/Messages",
    item="/{message}",
    schema="Message",
    key="messages",
    create=(*_MESSAGE_UPDATE, _MEDIA_SID),
    update=_MESSAGE_UPDATE,
    filters=(ORDER,),
    webhooks=_CHANGES,
)
INVITES: Final = Resource(
    tag="Invites",
    noun="an invite",
    plural="the invites to a channel",
    path=f"{_CHANNEL}/Invites",
    item="/{invite}",
    schema="Invite",
    key="invites",
    can="create list fetch delete",
    create=INVITE_CREATE,
    filters=(IDENTITY_FILTER,),
)
CHANNEL_WEBHOOKS: Final = Resource(
    tag="Channel webhooks",
    noun="a webhook of a channel",
    plural="the webhooks of a channel",
    path=f"{_CHANNEL}/Webhooks",
    item="/{webhook}",
    schema="ChannelWebhook",
    key="webhooks",
    page=5,
    page_max=5,
    create=(_WEBHOOK_TYPE, *_CONFIGURATION),
    update=_CONFIGURATION,
)
BINDINGS: Final = Resource(
    tag="Bindings",
    noun="a push binding",
    plural="the push bindings of a service",
    path=f"{_SERVICE}/Bindings",
    item="/{binding}",
    schema="Binding",
    key="bindings",
    page_max=50,
    can="list fetch delete",
    filters=(_BINDING_TYPES, IDENTITY_FILTER),
)
CREDENTIALS: Final = Resource(
    tag="Credentials",
    noun="a push credential",
    plural="the push credentials of the account",
    path="/v2/Credentials",
    item="/{credential}",
    schema="Credential",
    key="credentials",
    page_max=1000,
    create=CREDENTIAL_CREATE,
    update=CREDENTIAL_UPDATE,
)

V2: Final = operations(
    SERVICES,
    ROLES,
    USERS,
    USER_CHANNELS,
    USER_BINDINGS,
    CHANNELS,
    MEMBERS,
    MESSAGES,
    INVITES,
    CHANNEL_WEBHOOKS,
    BINDINGS,
    CREDENTIALS,
)
V3: Final = [
    Operation(
        method="POST",
        pattern="/v3/Services/{service}/Channels/{channel}",
        name="updateChannel",
        tag="Channels",
        summary="Make a public channel private, which is also to make it a conversation",
        schema="Channel",
        form=(
            P(name="Type", shape=one_of("private"), code=50393),
            P(name="MessagingServiceSid", shape=sid("MG"), code=50341),
        ),
        webhooks=True,
    )
]
