"""Identifiers: two letters and 32 hex digits, ordered by time of creation.

The first 48 bits are milliseconds since the epoch, the other 80 are random: a SID cannot be guessed, and rows
created together lie together in every index.
"""

from __future__ import annotations

import os
import re
import secrets
import time
from typing import NewType

AccountSid = NewType("AccountSid", str)
KeySid = NewType("KeySid", str)
ServiceSid = NewType("ServiceSid", str)
ChannelSid = NewType("ChannelSid", str)
MemberSid = NewType("MemberSid", str)
MessageSid = NewType("MessageSid", str)
MediaSid = NewType("MediaSid", str)
UserSid = NewType("UserSid", str)
RoleSid = NewType("RoleSid", str)
InviteSid = NewType("InviteSid", str)
WebhookSid = NewType("WebhookSid", str)
CredentialSid = NewType("CredentialSid", str)
BindingSid = NewType("BindingSid", str)
ReceiptSid = NewType("ReceiptSid", str)
AddressSid = NewType("AddressSid", str)
Identity = NewType("Identity", str)
"""A person within a service: 1 to 256 characters chosen by the application, compared exactly."""

SYSTEM = Identity("system")
"""Stands for the REST caller where an author or creator is recorded."""

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")


def new_sid(prefix: str) -> str:
    """A fresh SID with the given two-letter prefix."""
    return f"{prefix}{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"


def is_sid(prefix: str, text: str) -> bool:
    """Whether `text` has the shape of a SID with this prefix."""
    return len(text) == 34 and text.startswith(prefix) and _SID.fullmatch(text) is not None


def new_epoch() -> str:
    """A name for one incarnation of a stream; never shared, never `_` (SDKs send that to provoke a refusal)."""
    return secrets.token_hex(6)
