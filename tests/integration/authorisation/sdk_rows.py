"""What the Twilio SDKs ask inside Twilsock, Sync and command lists apart. Names are routes of the gateway."""

from __future__ import annotations

from collections.abc import Callable

from .outcomes import Kind, Rule
from .outcomes import Outcome as O
from .room import GUEST, INVITED, OWNER, Room
from .rules import (
    DEVICE,
    ENTER,
    GLANCE,
    KNOW,
    LISTED,
    MINE,
    MY_OWN,
    OTHERS,
    OWN,
    PROFILE,
    READ,
    RULE,
    UNINVITE,
    UNLISTED,
    Door,
    Json,
    Row,
    all_get,
)

BASE, MANY = "/Client/v1", "/Client/v1/Conversations"
ROOM = f"{MANY}/{{channel}}"
OLD = "/v1/Services/{service}"
AFAR = O.NOT_FOUND
"""Older SDKs name the service in their paths: that of others is not there."""

# Of paths in which a service is named.
# fmt: off
#                  owner    member   invited  non-member  elsewhere
OLD_MINE  = Rule(O.SEES,    O.SEES,  O.SEES,  O.BLIND,    AFAR)
OLD_OWN   = Rule(O.SEES,    O.SEES,  O.SEES,  O.ABSENT,   AFAR)
OLD_LIST  = Rule(O.SEES,    O.SEES,  O.SEES,  O.SEES,     AFAR)
OLD_BLIND = Rule(O.BLIND,   O.BLIND, O.BLIND, O.BLIND,    AFAR)
OLD_SEE   = Rule(O.SEES,    O.SEES,  O.SEES,  O.SEES,     AFAR)
OLD_TUCKED= Rule(O.SEES,    O.SEES,  O.SEES,  O.STRANGER, AFAR)
OLD_READ  = Rule(O.OK,      O.OK,    O.STRANGER, O.STRANGER, AFAR)
OLD_READ_PRIVATE = Rule(O.OK, O.OK,  O.STRANGER, O.ABSENT, AFAR)
OLD_USER  = Rule(O.OK,      O.OK,    O.OK,    O.OK,       AFAR)
# fmt: on


def route(
    route_name: str,
    rule: Rule,
    /,
    *,
    hidden: O = O.ABSENT,
    private: Rule | None = None,
    changes: bool = False,
    case: str = "",
    kinds: tuple[Kind, ...] = tuple(Kind),
    alone: bool = False,
    body: Callable[[Room], object] = lambda room: None,
    params: Callable[[Room], Json] = lambda room: {},
    **fill: Callable[[Room], str],
) -> Row:
    """`fill` gives what placeholders of the route stand for; channel, message and service are the room's."""
    method, _, pattern = route_name.partition(" ")

    def ask(room: Room) -> Json:
        places = {"channel": room.sid, "message": room.message, "service": room.service}
        places |= {key: value(room) for key, value in fill.items()}
        path = pattern.replace("...}", "}").format(**places)
        return {"method": method, "path": path, "body": body(room), "params": params(room)}

    return Row(
        door=Door.SDK,
        name=route_name,
        case=case,
        rule=rule,
        hidden=hidden,
        private=private,
        ask=ask,
        changes=changes,
        kinds=kinds,
        alone=alone,
    )


def _json(**values: object) -> Callable[[Room], Json]:
    return lambda room: dict(values)


def _form(room: Room) -> bytes:
    return f"ChannelSid={room.sid}".encode()


CONFIGURATION = [route(f"GET /Client/{v}/Configuration", UNLISTED) for v in ("v1", "v2")]
CHANNELS = [
    route(f"POST {MANY}", UNLISTED, changes=True, body=_json(friendly_name="mine", type="private")),
    route(f"GET {MANY}", LISTED, private=UNLISTED, params=_json(PageSize=100)),
    # The SDKs tell a private channel of others from one that is not there.
    route(f"GET {ROOM}", KNOW, hidden=O.STRANGER),
    route(f"POST {ROOM}", RULE, changes=True, body=_json(friendly_name="taken over")),
    route(f"DELETE {ROOM}", RULE, changes=True),
    route(f"GET {BASE}/MyConversations", MINE, params=_json(PageSize=100)),
    route(f"GET {BASE}/MyConversations/{{channel}}", MY_OWN),
    route(f"POST {BASE}/MyConversations/{{channel}}", READ, changes=True, body=_json(notification_level="muted")),
    route(
        f"POST {BASE}/MyConversations/{{channel}}",
        READ,
        case="horizon",
        changes=True,
        body=_json(last_consumed_message_index=0),
    ),
]
MEMBERS = [
    route(f"POST {ROOM}/Participants", RULE, changes=True, body=lambda room: {"identity": room.fresh}),
    route(
        f"POST {ROOM}/Participants",
        RULE,
        case="guest",
        changes=True,
        kinds=(Kind.PRIVATE,),
        body=lambda room: {"messaging_binding": {"address": room.phone, "proxy_address": "+15550002"}},
    ),
    route(f"POST {ROOM}/Participants", ENTER, case="join", changes=True, body=_json(identity="$me")),
    route(f"DELETE {ROOM}/Participants/{{member...}}", READ, case="leave", changes=True, member=lambda room: "$me"),
    route(
        f"POST {ROOM}/Participants/{{member...}}",
        RULE,
        changes=True,
        body=_json(attributes='{"by":"stranger"}'),
        member=lambda room: room.members[OWNER],
    ),
    route(
        f"DELETE {ROOM}/Participants/{{member...}}",
        RULE,
        changes=True,
        member=lambda room: room.members[GUEST],
    ),
    route(f"POST {ROOM}/Invites", RULE, changes=True, body=lambda room: {"identity": room.subject}),
    route(f"DELETE {ROOM}/Invites/{{identity...}}", UNINVITE, changes=True, alone=True, identity=lambda room: INVITED),
]
MESSAGES = [
    route(f"POST {ROOM}/Messages", READ, changes=True, body=_json(body="hello")),
    route(f"POST {ROOM}/Messages/{{message}}", RULE, changes=True, body=_json(attributes='{"by":"stranger"}')),
    route(f"DELETE {ROOM}/Messages/{{message}}", RULE, changes=True),
    route(f"GET {ROOM}/Messages/{{message}}/Receipts", READ),
    route(f"GET {ROOM}/Messages/{{message}}/ChannelMetadata", all_get(O.NO_METADATA)),
    route(f"GET {ROOM}/MessageRecipients", GLANCE),
    route("GET /Client/v2/ContentTemplates", UNLISTED),
    route(f"POST {BASE}/Typing", READ, changes=True, body=_form),
    route("POST /v1/typing", READ, changes=True, body=_form),
]
USERS = [
    route(f"GET {BASE}/Users", READ, params=lambda room: {"ConversationSid": room.sid}),
    route(f"GET {BASE}/Users/{{identity...}}", PROFILE, identity=lambda room: room.subject),
    route(
        f"POST {BASE}/Users/{{identity...}}",
        OTHERS,
        body=_json(friendly_name="renamed"),
        identity=lambda room: room.subject,
    ),
]
OLDER = [
    route(f"GET {OLD}/SyncList", OLD_MINE, params=_json(PageSize=100)),
    route(f"GET {OLD}/PublicChannels", OLD_LIST, private=OLD_BLIND, params=_json(PageSize=100)),
    route(f"GET {OLD}/PublicChannels/{{channel}}", OLD_SEE, private=OLD_TUCKED),
    route(f"GET {OLD}/MyChannels", Rule(O.SEES, O.SEES, O.SEES, O.BLIND, AFAR), params=_json(PageSize=100)),
    route(f"GET {OLD}/MyChannels", OLD_OWN, case="one", params=lambda room: {"ChannelSid": room.sid}),
    route(f"GET {OLD}/MyChannels/{{channel}}", OLD_OWN),
    route(f"GET {OLD}/Users", OLD_READ, private=OLD_READ_PRIVATE, params=lambda room: {"ChannelSid": room.sid}),
    route(f"GET {OLD}/Users/{{identity...}}", OLD_USER, identity=lambda room: room.subject),
    route(f"GET {OLD}/Channels/{{channel}}/Messages/{{message}}/Receipts", OLD_READ, private=OLD_READ_PRIVATE),
]
DEVICES = [
    route(
        "POST /v1/registrations",
        DEVICE,
        changes=True,
        body=lambda room: {
            "endpoint_platform": "web",
            "channel_type": "fcm",
            "version": "3",
            "message_types": ["twilio.channel.new_message"],
            "data": {"registration_id": room.fresh_device},
        },
    ),
    route("DELETE /v1/registrations/{id}", OWN, changes=True, id=lambda room: room.device),
    route(
        "DELETE /v1/registrations",
        OWN,
        changes=True,
        body=lambda room: {"binding_type": "fcm", "address": room.device_token},
    ),
]
ROWS = [*CONFIGURATION, *CHANNELS, *MEMBERS, *MESSAGES, *USERS, *OLDER, *DEVICES]
