"""Every way a chat command can be refused.

Codes are the numbers applications of the Twilio REST API branch on; each protocol room maps them to its own wire.
"""

from __future__ import annotations

from enum import IntEnum


class Code(IntEnum):
    """Catalogue of refusals. 20xxx are generic, 50xxx chat."""

    # Generic
    INVALID_PARAMETER = 20001
    FORBIDDEN = 20403
    NOT_FOUND = 20404
    CONFLICT = 20409
    TOO_MANY_REQUESTS = 20429
    INTERNAL = 20500
    UNAVAILABLE = 20503
    REVISION_MISMATCH = 20412

    # Service
    FRIENDLY_NAME_EMPTY = 50000
    FRIENDLY_NAME_TOO_LONG = 50003
    UNIQUE_NAME_TOO_LONG = 50004
    SERVICE_NOT_FOUND = 50050
    CONSUMPTION_INTERVAL_INVALID = 50052
    TYPING_TIMEOUT_INVALID = 50053
    WEBHOOK_FORMAT_INVALID = 50054
    WEBHOOK_METHOD_INVALID = 50055
    WEBHOOK_REJECTED = 50056
    TEMPLATE_TOO_LONG = 50058
    SOUND_TOO_LONG = 50059
    USER_CHANNELS_LIMIT_INVALID = 50060
    CHANNEL_MEMBERS_LIMIT_INVALID = 50061
    CHANNEL_RATE_EXCEEDED = 50063
    RETRY_COUNT_INVALID = 50065
    SERVICE_RATE_EXCEEDED = 50074
    PRE_WEBHOOK_URL_INVALID = 50077
    POST_WEBHOOK_URL_INVALID = 50078

    # Role
    ROLE_NOT_FOUND = 50100
    CHANNEL_ROLE_NOT_FOUND = 50101
    DEPLOYMENT_ROLE_NOT_FOUND = 50102
    PERMISSION_UNKNOWN = 50104
    ROLE_TYPE_INVALID = 50105
    CREATOR_ROLE_NOT_FOUND = 50106
    NOT_AUTHORIZED = 50107

    # User
    USER_NOT_FOUND = 50200
    USER_EXISTS = 50201
    IDENTITY_RESERVED = 50203
    IDENTITY_EMPTY = 50204
    IDENTITY_LOOKS_LIKE_SID = 50206
    IDENTITY_TOO_LONG = 50207
    USER_CHANNELS_EXCEEDED = 50208
    NOTIFICATION_LEVEL_INVALID = 50210
    ALREADY_INVITED = 50212

    # Channel
    CHANNEL_NOT_FOUND = 50300
    ATTRIBUTES_TOO_LONG = 50303
    ATTRIBUTES_INVALID = 50304
    UNIQUE_NAME_LOOKS_LIKE_SID = 50306
    UNIQUE_NAME_TAKEN = 50307
    DATE_CREATED_INVALID = 50308
    DATE_UPDATED_INVALID = 50309
    AUTHOR_TOO_LONG = 50310

    # Member
    NOT_A_MEMBER = 50400
    MEMBER_NOT_FOUND = 50402
    CHANNEL_FULL = 50403
    MEMBER_EXISTS = 50404
    CONSUMPTION_TIMESTAMP_INVALID = 50405
    CONSUMED_INDEX_INVALID = 50406

    # Message
    MESSAGE_NOT_FOUND = 50500
    BODY_TOO_LONG = 50504
    LAST_UPDATED_BY_TOO_LONG = 50505
    MEDIA_NOT_FOUND = 50507
    MEDIA_ATTACHED = 50508

    # Invite
    INVITE_NOT_FOUND = 50601


TEMPORARY = frozenset(
    {Code.TOO_MANY_REQUESTS, Code.INTERNAL, Code.UNAVAILABLE, Code.CHANNEL_RATE_EXCEEDED, Code.SERVICE_RATE_EXCEEDED}
)
"""Codes after which the same request may succeed."""


class ChatError(Exception):
    """A command was refused and changed nothing. The message is written for the application's developer."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def temporary(self) -> bool:
        return self.code in TEMPORARY
