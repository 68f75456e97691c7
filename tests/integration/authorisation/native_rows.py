"""What can be asked with the Centrifuge protocol: its commands, and the RPC methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .outcomes import Outcome as O
from .outcomes import Rule
from .room import GUEST, INVITED, OWNER, Room
from .rules import (
    DECLINE,
    DEVICE,
    ENTER,
    KNOW,
    LISTED,
    MINE,
    OTHERS,
    OWN,
    PROFILE,
    PROFILES,
    READ,
    RULE,
    SEE,
    UNLISTED,
    Door,
    Json,
    Row,
    all_get,
)

MESSAGE = 0  # its index
SUBSCRIBED = Rule(O.OK, O.OK, O.DENIED, O.DENIED, O.DENIED)
HIGHER = {"attributes": {"by": "stranger"}}


def command(name: str, rule: Rule, ask: Callable[[Room], Json]) -> Row:
    return Row(door=Door.NATIVE, name=name, rule=rule, hidden=O.DENIED, ask=ask)


def method(name: str, rule: Rule, *, changes: bool = False, private: Rule | None = None, **params: Any) -> Row:
    """Texts in params that are attributes of a room, written as `$name`, are replaced by them."""

    def ask(room: Room) -> Json:
        return {"method": name, "data": {key: _of(room, value) for key, value in params.items()}}

    return Row(door=Door.NATIVE, name=name, rule=rule, private=private, ask=ask, changes=changes)


def channel(name: str, rule: Rule, *, changes: bool = False, **params: Any) -> Row:
    return method(name, rule, changes=changes, channel="$sid", **params)


def _of(room: Room, value: Any) -> Any:  # JSON
    if isinstance(value, list):
        return [_of(room, each) for each in value]
    return getattr(room, value[1:]) if isinstance(value, str) and value.startswith("$") else value


def chat(room: Room) -> Json:
    return {"channel": f"chat:{room.sid}"}


COMMANDS = [
    command("subscribe", SUBSCRIBED, chat),
    command("presence", SUBSCRIBED, chat),
    command("presence_stats", SUBSCRIBED, chat),
    command("history", SUBSCRIBED, lambda room: {**chat(room), "limit": 10}),
    command("unsubscribe", all_get(O.NOTHING), chat),
    command("publish", all_get(O.NOT_OFFERED), lambda room: {**chat(room), "data": {"x": 1}}),
    command("sub_refresh", all_get(O.NOT_OFFERED), lambda room: {**chat(room), "token": "x"}),
    command("ping", all_get(O.NOTHING), lambda room: {}),
]
ELSEWHERE_TESTED = {"send", "refresh"}
"""`send` is never answered, `refresh` is about tokens: both have tests of their own."""

METHODS = [
    method("channel.create", UNLISTED, changes=True, friendly_name="mine", type="private"),
    channel("channel.get", KNOW),
    channel("channel.update", RULE, changes=True, friendly_name="taken over"),
    channel("channel.delete", RULE, changes=True),
    channel("channel.join", ENTER, changes=True),
    channel("channel.leave", READ, changes=True),
    channel("channel.invite", RULE, changes=True, identity="$subject"),
    channel("channel.uninvite", RULE, changes=True, identity=INVITED),
    channel("channel.decline", DECLINE, changes=True),
    method("channel.list", LISTED, private=UNLISTED, limit=100),
    method("channel.mine", MINE, limit=100),
    channel("channel.notify", READ, changes=True, level="muted"),
    channel("member.list", SEE),
    channel("member.add", RULE, changes=True, identity="$fresh"),
    channel("member.update", RULE, changes=True, identity=OWNER, **HIGHER),
    channel("member.remove", RULE, changes=True, identity=GUEST),
    channel("message.send", READ, changes=True, body="hello"),
    channel("message.get", SEE, index=MESSAGE),
    channel("message.update", RULE, changes=True, index=MESSAGE, **HIGHER),
    channel("message.delete", RULE, changes=True, index=MESSAGE),
    channel("message.list", SEE),
    channel("event.list", SEE),
    channel("read.set", READ, changes=True, index=0),
    channel("read.all", READ, changes=True),
    channel("read.none", READ, changes=True),
    channel("unread.get", READ),
    method("unread.total", UNLISTED),
    channel("typing.start", READ, changes=True),
    method("user.get", PROFILE, identity="$subject"),
    method("user.list", PROFILES, identities=["$subject"]),
    method("user.update", OTHERS, identity="$subject", friendly_name="renamed"),
    method("user.watch", PROFILES, identities=["$subject"]),
    method("user.unwatch", all_get(O.NOTHING), identities=["$subject"]),
    method("media.create", UNLISTED, changes=True, content_type="image/png", size=8),
    channel("media.url", READ, index=MESSAGE),
    method("push.register", DEVICE, changes=True, type="fcm", token="$fresh_device", credential_sid="$credential"),
    method("push.unregister", OWN, changes=True, type="fcm", token="$device_token"),
]
ROWS = [*COMMANDS, *METHODS]
