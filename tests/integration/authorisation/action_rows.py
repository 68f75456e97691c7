"""What older SDKs push into their command lists. Refusals have the code alone."""

from __future__ import annotations

from .outcomes import Kind, Rule
from .outcomes import Outcome as O
from .room import GUEST, OWNER, Room
from .rules import DECLINE, ENTER, OTHERS, READ, RULE, UNLISTED, Door, Json, Row

REPORT = Rule(O.OK, O.OK, O.NOTHING, O.NOTHING, O.NOTHING)
"""Reports are answered together: what is refused has no count."""

SENT = Rule(O.NO_FILE, O.NO_FILE, O.STRANGER, O.STRANGER, O.ABSENT)
"""Of a file that somebody else uploaded."""


def action(
    name: str, rule: Rule, *, changes: bool = True, kinds: tuple[Kind, ...] = tuple(Kind), **fields: object
) -> Row:
    """Of the room `channelSid`; a function makes a field of the room."""

    def ask(room: Room) -> Json:
        made = {key: value(room) if callable(value) else value for key, value in fields.items()}
        return {"action": name, "channelSid": room.sid, **made}

    return Row(door=Door.ACTION, name=name, rule=rule, ask=ask, changes=changes, kinds=kinds)


def _fresh(room: Room) -> str:
    return room.fresh


def _subject(room: Room) -> str:
    return room.subject


def _owner(room: Room) -> str:
    return room.members[OWNER]


TAKEN = '{"by":"stranger"}'
ROWS = [
    action("createChannel", UNLISTED, type="private", friendlyName="mine"),
    action("createConversation", UNLISTED, friendlyName="mine"),
    action("destroyChannel", RULE),
    action("joinChannelV2", ENTER),
    action("leaveChannel", READ),
    action("declineInvitation", DECLINE),
    action("addMemberV2", RULE, username=_fresh),
    action("inviteMember", RULE, username=_subject),
    action("removeMember", RULE, username=GUEST),
    action(
        "addNonChatParticipant",
        RULE,
        kinds=(Kind.PRIVATE,),
        conversationSid=lambda room: room.sid,
        address=lambda room: room.phone,
        proxyAddress="+15550002",
        attributes="{}",
    ),
    action("sendMessage", READ, text="hello", attributes="{}"),
    action("sendMediaMessage", SENT, changes=False, mediaSid=lambda room: room.media, attributes="{}"),
    action("editMessage", RULE, messageIdx="1", text="taken over"),
    action("editMessageAttributes", RULE, messageIdx=0, attributes=TAKEN),
    action("deleteMessage", RULE, messageIdx="0"),
    action("editAttributes", RULE, attributes=TAKEN),
    action("editFriendlyName", RULE, friendlyName="taken over"),
    action("editUniqueName", RULE, uniqueName=_fresh),
    action("editNotificationLevel", READ, notificationLevel="muted"),
    action("editMemberAttributes", RULE, memberSid=_owner, attributes=TAKEN),
    action("editUserAttributes", OTHERS, changes=False, username=_subject, attributes=TAKEN),
    action("editUserFriendlyName", OTHERS, changes=False, username=_subject, friendlyName="renamed"),
    action("consumptionReportV2", REPORT, report=lambda room: [{"channelSid": room.sid, "messageIdx": 0}]),
]
