from __future__ import annotations

import json
from typing import Any

import pytest

from chatcore.domain.ids import AccountSid, ServiceSid
from chatcore.domain.webhooks import EVENTS, Action, Vocabulary
from chatcore.ports.calls import Told
from chatcore.webhooks.parameters import parameters

CHAT, CONVERSATIONS = Vocabulary.CHAT, Vocabulary.CONVERSATIONS
AT = "2026-05-17T12:30:15.123Z"
FILE = {"sid": "ME1", "content_type": "image/png", "filename": "ü.png", "size": 7}
BINDING = {"type": "sms", "address": "+1", "proxy_address": "+2", "projected_address": None}
FACTS: dict[str, Any] = {
    "at": AT,
    "by": "alice",
    "reason": "ADDED",
    "state_from": "active",
    "state_to": "inactive",
    "channel": {
        "sid": "CH1", "friendly_name": "F", "unique_name": "U", "attributes": "{}", "type": "private",
        "created_by": "bob", "date_created": "c", "date_updated": "u", "messaging_service_sid": "MG1",
        "state": "inactive", "state_updated": "s",
    },
    "message": {
        "sid": "IM1", "index": 0, "body": "hello", "attributes": "[]", "author": "carol", "member_sid": "MB1",
        "media": [], "last_updated_by": None, "date_created": "c", "date_updated": "u",
    },
    "member": {
        "sid": "MB1", "identity": "dave", "role_sid": "RL1", "attributes": "{}", "last_consumed_message_index": 0,
        "messaging_binding": None, "date_created": "c", "date_updated": "u",
    },
    "user": {
        "sid": "US1", "identity": "erin", "friendly_name": "E", "role_sid": "RL2", "attributes": "{}",
        "date_created": "c", "date_updated": "u", "is_online": True, "is_notifiable": False,
    },
    "receipt": {
        "sid": "DY1", "message_sid": "IM1", "channel_message_sid": "SM1", "participant_sid": "MB1", "status": "read",
        "error_code": 0, "date_created": "c", "date_updated": "u",
    },
}  # fmt: skip

# As documented by Twilio, common parameters left out.
CHAT_NAMES = {
    "onMessageSend": "ChannelSid Body Attributes From",
    "onMessageSent": "MessageSid Index ChannelSid Body Attributes From DateCreated",
    "onMediaMessageSend": "ChannelSid Body Attributes From MediaFilename MediaContentType MediaSid MediaSize",
    "onMediaMessageSent": "MessageSid Index ChannelSid Body Attributes From DateCreated "
    "MediaFilename MediaContentType MediaSid MediaSize",
    "onMessageUpdate": "MessageSid ChannelSid Body Attributes From DateCreated ModifiedBy",
    "onMessageUpdated": "MessageSid Index ChannelSid Body Attributes From DateCreated ModifiedBy DateUpdated",
    "onMessageRemove": "MessageSid ChannelSid Body Attributes From DateCreated RemovedBy",
    "onMessageRemoved": "MessageSid Index ChannelSid Body Attributes From DateCreated RemovedBy DateRemoved",
    "onChannelAdd": "Attributes CreatedBy FriendlyName UniqueName ChannelType",
    "onChannelAdded": "ChannelSid Attributes DateCreated CreatedBy FriendlyName UniqueName ChannelType",
    "onChannelUpdate": "ChannelSid Attributes DateCreated CreatedBy FriendlyName UniqueName",
    "onChannelUpdated": "ChannelSid Attributes DateCreated CreatedBy FriendlyName UniqueName DateUpdated ChannelType",
    "onChannelDestroy": "ChannelSid Attributes DateCreated CreatedBy FriendlyName UniqueName ChannelType",
    "onChannelDestroyed": "ChannelSid Attributes DateCreated CreatedBy FriendlyName UniqueName ChannelType "
    "DateDestroyed",
    "onMemberAdd": "ChannelSid Identity RoleSid Reason",
    "onMemberAdded": "MemberSid ChannelSid Identity RoleSid Reason DateCreated",
    "onMemberRemove": "ChannelSid Identity MemberSid RoleSid Reason",
    "onMemberRemoved": "ChannelSid Identity MemberSid RoleSid Reason DateCreated DateRemoved",
    "onMemberUpdate": "MemberSid ChannelSid Identity RoleSid LastConsumedMessageIndex DateCreated Attributes",
    "onMemberUpdated": "MemberSid ChannelSid Identity RoleSid LastConsumedMessageIndex DateCreated Attributes "
    "DateUpdated",
    "onUserAdded": "UserSid Identity FriendlyName RoleSid DateCreated Attributes",
    "onUserUpdate": "UserSid Identity FriendlyName RoleSid DateCreated DateUpdated Attributes",
    "onUserUpdated": "UserSid Identity FriendlyName RoleSid DateCreated DateUpdated Attributes IsOnline IsNotifiable",
}
CONVERSATION = "ConversationSid DateCreated DateUpdated FriendlyName UniqueName Attributes MessagingServiceSid State"
MESSAGE = "ConversationSid MessageSid MessagingServiceSid Index DateCreated Body Author ParticipantSid Attributes"
PARTICIPANT = "ConversationSid Identity RoleSid Attributes MessagingBinding.Type"
CONVERSATIONS_NAMES = {
    "onMessageAdd": "ConversationSid Body Author ParticipantSid Attributes",
    "onMessageAdded": MESSAGE,
    "onMessageUpdate": "ConversationSid Body Author ParticipantSid Attributes MessageSid Index DateCreated DateUpdated",
    "onMessageUpdated": f"{MESSAGE} DateUpdated",
    "onMessageRemove": "ConversationSid Body Author ParticipantSid Attributes MessageSid Index DateCreated DateUpdated",
    "onMessageRemoved": f"{MESSAGE} DateUpdated DateRemoved",
    "onConversationAdd": "FriendlyName UniqueName Attributes MessagingServiceSid State MessageBody",
    "onConversationAdded": f"{CONVERSATION} MessageBody",
    "onConversationUpdate": CONVERSATION,
    "onConversationUpdated": CONVERSATION,
    "onConversationRemove": CONVERSATION,
    "onConversationRemoved": f"{CONVERSATION} DateRemoved",
    "onConversationStateUpdated": "ConversationSid MessagingServiceSid StateFrom StateTo StateUpdated Reason",
    "onParticipantAdd": PARTICIPANT,
    "onParticipantAdded": f"{PARTICIPANT} ParticipantSid DateCreated",
    "onParticipantUpdate": f"{PARTICIPANT} ParticipantSid DateCreated DateUpdated",
    "onParticipantUpdated": f"{PARTICIPANT} ParticipantSid DateCreated DateUpdated LastReadMessageIndex",
    "onParticipantRemove": f"{PARTICIPANT} ParticipantSid DateCreated DateUpdated",
    "onParticipantRemoved": f"{PARTICIPANT} ParticipantSid DateCreated DateUpdated DateRemoved",
    "onUserAdded": "UserSid DateCreated Identity RoleSid Attributes FriendlyName",
    "onUserUpdate": "UserSid Identity RoleSid FriendlyName Attributes DateCreated DateUpdated",
    "onUserUpdated": "UserSid Identity RoleSid FriendlyName Attributes DateCreated DateUpdated isOnline isNotifiable",
    "onDeliveryUpdated": "ConversationSid MessageSid DeliveryReceiptSid ChannelMessageSid ParticipantSid Status "
    "ErrorCode DateCreated DateUpdated",
}
TABLES = {CHAT: CHAT_NAMES, CONVERSATIONS: CONVERSATIONS_NAMES}
CASES = [(vocabulary, event) for vocabulary, names in TABLES.items() for event in names]


def told(vocabulary: Vocabulary, event: str, *, identity: str | None = "alice", **subjects: Any) -> dict[str, str]:
    """`subjects` replace members of a subject of FACTS."""
    facts = {**FACTS, **{name: {**FACTS[name], **members} for name, members in subjects.items()}}
    found = parameters(
        Told(
            vocabulary=vocabulary,
            action=Action.MESSAGE_ADD,
            event=event,
            account_sid=AccountSid("AC1"),
            service_sid=ServiceSid("IS1"),
            source="SDK" if identity else "API",
            identity=identity,
            facts=facts,
        ),
        2,
    )
    assert len(dict(found)) == len(found), "no name comes twice"
    return dict(found)


def test_the_tables_hold_every_event() -> None:
    assert {vocabulary: frozenset(names) for vocabulary, names in TABLES.items()} == dict(EVENTS)


@pytest.mark.parametrize(("vocabulary", "event"), CASES)
def test_an_event_has_its_parameters(vocabulary: Vocabulary, event: str) -> None:
    service = "InstanceSid" if vocabulary is CHAT else "ChatServiceSid"
    media = [FILE] if "Media" in event else []
    found = told(vocabulary, event, message={"media": media})
    common = {
        "EventType": event,
        "AccountSid": "AC1",
        service: "IS1",
        "Source": "SDK",
        "ClientIdentity": "alice",
        "RetryCount": "2",
    }
    assert {name: found.pop(name) for name in common} == common
    assert set(found) == set(TABLES[vocabulary][event].split())
    assert all(found.values())


def test_a_server_has_no_client_identity() -> None:
    found = told(CHAT, "onMessageSent", identity=None)
    assert found["Source"] == "API"
    assert "ClientIdentity" not in found


def test_values_are_written_as_text() -> None:
    found = told(CHAT, "onMessageUpdated")
    assert (found["Index"], found["From"], found["ModifiedBy"], found["Attributes"]) == ("0", "carol", "alice", "[]")
    found = told(CHAT, "onMessageRemoved")
    assert (found["RemovedBy"], found["DateRemoved"]) == ("alice", AT)
    found = told(CHAT, "onUserUpdated")
    assert (found["IsOnline"], found["IsNotifiable"]) == ("true", "false")
    found = told(CONVERSATIONS, "onUserUpdated")
    assert (found["isOnline"], found["isNotifiable"]) == ("true", "false")
    found = told(CONVERSATIONS, "onConversationStateUpdated")
    assert (found["StateFrom"], found["StateTo"], found["StateUpdated"]) == ("active", "inactive", "s")


def test_what_is_not_set_is_left_out_or_empty() -> None:
    found = told(CHAT, "onChannelAdded", channel={"friendly_name": None, "unique_name": None})
    assert found.keys().isdisjoint({"FriendlyName", "UniqueName"})
    assert told(CHAT, "onMessageSent", message={"body": None})["Body"] == ""
    assert "Body" not in told(CONVERSATIONS, "onMessageAdded", message={"body": None})
    assert "IsOnline" not in told(CHAT, "onUserUpdated", user={"is_online": None})
    assert "LastConsumedMessageIndex" not in told(CHAT, "onMemberUpdated", member={"last_consumed_message_index": None})


def test_files_are_described() -> None:
    found = told(CHAT, "onMediaMessageSent", message={"media": [FILE], "body": None})
    assert {name: found[name] for name in found if name.startswith("Media")} == {
        "MediaSid": "ME1",
        "MediaFilename": "ü.png",
        "MediaContentType": "image/png",
        "MediaSize": "7",
    }
    text = told(CONVERSATIONS, "onMessageAdded", message={"media": [FILE, {**FILE, "filename": None}]})["Media"]
    described = {"Sid": "ME1", "ContentType": "image/png", "Filename": "ü.png", "Size": 7}
    assert json.loads(text) == [described, {**described, "Filename": None}]


def test_participants_are_chat_users_or_addresses() -> None:
    assert told(CONVERSATIONS, "onParticipantAdded")["MessagingBinding.Type"] == "CHAT"
    found = told(CONVERSATIONS, "onParticipantAdded", member={"identity": None, "messaging_binding": BINDING})
    assert {name: found[name] for name in found if name.startswith("Messaging")} == {
        "MessagingBinding.Type": "SMS",
        "MessagingBinding.Address": "+1",
        "MessagingBinding.ProxyAddress": "+2",
    }
    assert "Identity" not in found
