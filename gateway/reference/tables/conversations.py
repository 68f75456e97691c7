"""The operations of Conversations v1, in the default form and in that below a service."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from ..operation import Operation, Resource, operations
from . import conversations_parameters as p
from .chat_parameters import CREDENTIAL_CREATE, ORDER, PERMISSIONS, SERVICE_CREATE
from .conversations_schemas import WIDER_IN_SERVICE

_CONVERSATION: Final = "/v1/Conversations/{conversation}"
_SERVICE: Final = "/v1/Services/{service}"
_CHANGES: Final = "create update delete"
_SETTINGS: Final = "fetch update"
_SMALL_PAGE: Final = 50

_CONVERSATIONS: Final = operations(
    Resource(
        tag="Conversations",
        noun="a conversation",
        plural="the conversations of a service",
        path="/v1/Conversations",
        item="/{conversation}",
        schema="Conversation",
        key="conversations",
        create=p.CONVERSATION,
        update=p.CONVERSATION,
        filters=p.CONVERSATION_FILTERS,
        webhooks=_CHANGES,
    ),
    Resource(
        tag="Messages",
        noun="a message",
        plural="the messages of a conversation",
        path=f"{_CONVERSATION}/Messages",
        item="/{message}",
        schema="Message",
        key="messages",
        create=p.MESSAGE_CREATE,
        update=p.MESSAGE_UPDATE,
        filters=(ORDER,),
        webhooks=_CHANGES,
    ),
    Resource(
        tag="Delivery receipts",
        noun="a delivery receipt",
        plural="the delivery receipts of a message",
        path=f"{_CONVERSATION}/Messages/{{message}}/Receipts",
        item="/{receipt}",
        schema="Receipt",
        key="delivery_receipts",
        page_max=_SMALL_PAGE,
        can="list fetch",
    ),
    Resource(
        tag="Participants",
        noun="a participant",
        plural="the participants of a conversation",
        path=f"{_CONVERSATION}/Participants",
        item="/{participant}",
        schema="Participant",
        key="participants",
        create=p.PARTICIPANT_CREATE,
        update=p.PARTICIPANT_UPDATE,
        webhooks=_CHANGES,
    ),
    Resource(
        tag="Conversation webhooks",
        noun="a webhook of a conversation",
        plural="the webhooks of a conversation",
        path=f"{_CONVERSATION}/Webhooks",
        item="/{webhook}",
        schema="Webhook",
        key="webhooks",
        page=5,
        page_max=5,
        create=p.WEBHOOK_CREATE,
        update=p.WEBHOOK_UPDATE,
    ),
    Resource(
        tag="Users",
        noun="a user",
        plural="the users of a service",
        path="/v1/Users",
        item="/{user}",
        schema="User",
        key="users",
        page_max=_SMALL_PAGE,
        create=p.USER_CREATE,
        update=p.USER_UPDATE,
        webhooks=_CHANGES,
    ),
    Resource(
        tag="User conversations",
        noun="a conversation as a user has it",
        plural="the conversations of a user",
        path="/v1/Users/{user}/Conversations",
        item="/{conversation}",
        schema="UserConversation",
        key="conversations",
        page_max=_SMALL_PAGE,
        can="list fetch update delete",
        update=p.USER_CONVERSATION,
    ),
    Resource(
        tag="Participant conversations",
        noun="",
        plural="the conversations of whoever has this identity or address",
        path="/v1/ParticipantConversations",
        schema="ParticipantConversation",
        key="conversations",
        page_max=_SMALL_PAGE,
        can="list",
        filters=p.PARTICIPANT_CONVERSATIONS,
    ),
    Resource(
        tag="Roles",
        noun="a role",
        plural="the roles of a service",
        path="/v1/Roles",
        item="/{role}",
        schema="Role",
        key="roles",
        page_max=_SMALL_PAGE,
        create=p.ROLE_CREATE,
        update=(PERMISSIONS,),
    ),
)
_WITH_PARTICIPANTS: Final = Operation(
    method="POST",
    pattern="/v1/ConversationWithParticipants",
    name="createConversationWithParticipants",
    tag="Conversations",
    summary="Create a conversation together with its participants",
    status=201,
    also={202: "created, with participants"},
    schema="Conversation",
    form=(*p.CONVERSATION, p.PARTICIPANTS),
    webhooks=True,
)
IN_BOTH_FORMS: Final = [*_CONVERSATIONS, _WITH_PARTICIPANTS]


def below_service(operation: Operation) -> Operation:
    """The same operation on a service that the path names, instead of the account's default one."""
    schema = operation.schema
    return replace(
        operation,
        pattern=operation.pattern.replace("/v1/", f"{_SERVICE}/", 1),
        name=re.sub(r"^([a-z]+)", r"\1Service", operation.name),
        tag=f"{operation.tag} of a service",
        schema=f"Service{schema}" if schema in WIDER_IN_SERVICE else schema,
    )


_DEFAULT_ONLY: Final = operations(
    Resource(
        tag="Configuration",
        noun="the configuration of the account",
        plural="",
        path="/v1/Configuration",
        schema="Configuration",
        can=_SETTINGS,
        update=p.CONFIGURATION,
    ),
    Resource(
        tag="Configuration",
        noun="the webhooks of the account",
        plural="",
        path="/v1/Configuration/Webhooks",
        schema="AccountWebhooks",
        can=_SETTINGS,
        update=p.ACCOUNT_WEBHOOKS,
    ),
    Resource(
        tag="Address configurations",
        noun="an address configuration",
        plural="the address configurations of the account",
        path="/v1/Configuration/Addresses",
        item="/{address}",
        schema="Address",
        key="address_configurations",
        page_max=_SMALL_PAGE,
        create=p.ADDRESS_CREATE,
        update=p.ADDRESS_UPDATE,
        filters=(p.ADDRESS_FILTER,),
    ),
    Resource(
        tag="Credentials",
        noun="a push credential",
        plural="the push credentials of the account",
        path="/v1/Credentials",
        item="/{credential}",
        schema="Credential",
        key="credentials",
        create=CREDENTIAL_CREATE,
        update=p.CREDENTIAL_UPDATE,
    ),
    Resource(
        tag="Services",
        noun="a service",
        plural="the services of the account",
        path="/v1/Services",
        item="/{service}",
        schema="Service",
        key="services",
        can="create list fetch delete",
        create=SERVICE_CREATE,
    ),
    Resource(
        tag="Bindings",
        noun="a push binding",
        plural="the push bindings of a service",
        path=f"{_SERVICE}/Bindings",
        item="/{binding}",
        schema="Binding",
        key="bindings",
        can="list fetch delete",
        filters=p.BINDING_FILTERS,
    ),
    Resource(
        tag="Service configuration",
        noun="the configuration of a service",
        plural="",
        path=f"{_SERVICE}/Configuration",
        schema="ServiceConfiguration",
        can=_SETTINGS,
        update=p.SERVICE_CONFIGURATION,
    ),
    Resource(
        tag="Service configuration",
        noun="the push settings of a service",
        plural="",
        path=f"{_SERVICE}/Configuration/Notifications",
        schema="Notifications",
        can=_SETTINGS,
        update=p.NOTIFICATIONS,
    ),
    Resource(
        tag="Service configuration",
        noun="the webhooks of a service",
        plural="",
        path=f"{_SERVICE}/Configuration/Webhooks",
        schema="ServiceWebhooks",
        can=_SETTINGS,
        update=p.SERVICE_WEBHOOKS,
    ),
)
_ALIASES: Final = [
    replace(
        operation,
        pattern="/v1/Conversations/Webhooks",
        name=f"{operation.name}Alias",
        summary=f"{operation.summary}, for clients of 2020",
        alias=True,
    )
    for operation in _DEFAULT_ONLY
    if operation.pattern == "/v1/Configuration/Webhooks"
]

V1: Final = [*IN_BOTH_FORMS, *(below_service(operation) for operation in IN_BOTH_FORMS), *_DEFAULT_ONLY, *_ALIASES]
