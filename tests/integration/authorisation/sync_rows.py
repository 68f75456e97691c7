"""Sync objects: opened, paged, subscribed and written to; and the command lists of older SDKs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from gateway.sdkhttp.names import PATHS, TYPES, ObjectType, Ref
from gateway.sdkhttp.names import Kind as Shown

from .outcomes import Outcome as O
from .outcomes import Rule
from .room import Room
from .rules import Door, Row, all_get
from .sdk_rows import route

# Who may open what. Elsewhere nothing of a service is there, whatever it is.
# fmt: off
#                             owner    member       invited      non-member   elsewhere
DOCUMENT: Final        = Rule(O.SEES,  O.SEES,      O.SEES,      O.SEES,      O.NO_DOCUMENT)
PRIVATE_DOC: Final     = Rule(O.SEES,  O.SEES,      O.SEES,      O.NO_ACCESS, O.NO_DOCUMENT)
MESSAGES: Final        = Rule(O.OK,    O.OK,        O.OK,        O.OK,        O.NO_LIST)
PRIVATE_MESSAGES: Final= Rule(O.OK,    O.OK,        O.NO_ACCESS, O.NO_ACCESS, O.NO_LIST)
ROSTER: Final          = Rule(O.OK,    O.OK,        O.OK,        O.OK,        O.NO_MAP)
PRIVATE_ROSTER: Final  = Rule(O.OK,    O.OK,        O.NO_ACCESS, O.NO_ACCESS, O.NO_MAP)
OWN: Final             = Rule(O.OK,    O.NO_ACCESS, O.NO_ACCESS, O.NO_ACCESS, O.NO_ACCESS)
INFO: Final            = Rule(O.OK,    O.OK,        O.OK,        O.OK,        O.NO_MAP)
COMMANDS: Final        = Rule(O.OK,    O.NO_LIST,   O.NO_LIST,   O.NO_LIST,   O.NO_LIST)
# fmt: on
NEVER: Final = all_get(O.NO_ACCESS)

RULES: Final[Mapping[Shown, tuple[Rule, Rule]]] = {
    Shown.CHANNEL: (DOCUMENT, PRIVATE_DOC),
    Shown.MESSAGES: (MESSAGES, PRIVATE_MESSAGES),
    Shown.ROSTER: (ROSTER, PRIVATE_ROSTER),
    Shown.OWN: (OWN, OWN),
    Shown.INFO: (INFO, INFO),
}
"""In public rooms, in private ones."""


def ref(shown: Shown, room: Room) -> Ref:
    """`own` is the owner's map, `info` that of the subject."""
    subjects = {Shown.OWN: room.owner_sid, Shown.INFO: room.subject_sid}
    return Ref(shown, subjects.get(shown, room.sid))


def _places(shown: Shown) -> Mapping[str, Callable[[Room], str]]:
    return {"by SID": lambda room: ref(shown, room).sid, "by name": lambda room: ref(shown, room).unique_name}


def _objects(shown: Shown) -> list[Row]:
    public, private = RULES[shown]
    kind = TYPES[shown]
    path = f"/v3/{PATHS[kind]}/{{name}}"
    rows = []
    for case, name in _places(shown).items():
        told = f"{shown.value} {case}"
        rows.append(route(f"GET {path}", public, private=private, case=told, name=name))
        if kind is ObjectType.MAP:
            rows.append(
                route(
                    f"GET {path}",
                    public,
                    private=private,
                    case=f"{told} with items",
                    name=name,
                    params=lambda room: {"Include": "items"},
                )
            )
        rows += [
            route(f"{method} {path}", NEVER, case=told, name=name, body=lambda room: {"data": {}})
            for method in ("POST", "DELETE")
        ]
        if kind is ObjectType.DOCUMENT:
            continue
        exact = {"Index": 0} if kind is ObjectType.LIST else {"Key": "friendlyName"}
        for params in ({}, exact, {"Order": "desc", "PageSize": 2}):
            rows.append(
                route(
                    f"GET {path}/Items",
                    public,
                    private=private,
                    case=f"{told} {'&'.join(params)}",
                    name=name,
                    params=partial(_given, params),
                )
            )
        rows += [
            route(f"{method} {path}/Items/{{item}}", NEVER, case=told, name=name, item=lambda room: "0")
            for method in ("POST", "DELETE")
        ]
        rows.append(route(f"POST {path}/Items", NEVER, case=told, name=name, body=lambda room: {"data": {}}))
    rows.append(subscription(shown, kind, public, private, lambda room: ref(shown, room).sid))
    return rows


def _given(params: Mapping[str, object], room: Room) -> dict[str, object]:
    return dict(params)


def subscription(name: str, kind: ObjectType, public: Rule, private: Rule, sid: Callable[[Room], str]) -> Row:
    def ask(room: Room) -> dict[str, object]:
        return {"object_sid": sid(room), "object_type": kind.value, "last_event_id": 0}

    return Row(door=Door.SUBSCRIBE, name=name, rule=_quiet(public), private=_quiet(private), ask=ask)


def _quiet(rule: Rule) -> Rule:
    """The result of a subscription names nothing."""
    seeing = {name: O.OK for name in ("owner", "member", "invited", "outsider") if getattr(rule, name) is O.SEES}
    return replace(rule, **seeing)


def _of_list(room: Room) -> str:
    return room.command_list


COMMAND_LISTS: Final = [
    route("GET /v3/Lists/{name}", COMMANDS, private=COMMANDS, case="command list", name=_of_list),
    route(
        "GET /v3/Lists/{name}/Items", all_get(O.NO_LIST), private=all_get(O.NO_LIST), case="command list", name=_of_list
    ),
    route("GET /v3/Lists/{name}/Context", COMMANDS, private=COMMANDS, name=_of_list),
    route(
        "POST /v3/Lists/{name}/Items",
        COMMANDS,
        private=COMMANDS,
        case="command list",
        name=_of_list,
        body=lambda room: {"data": {"commandId": "x", "request": {"action": "none"}}},
    ),
    route(
        "POST /v3/Lists",
        all_get(O.BLIND),
        body=lambda room: {"purpose": "com.twilio.rtd.ipmsg", "context": {"type": "IpMsgSession"}},
    ),
    route("POST /v3/Lists", NEVER, case="of another purpose", body=lambda room: {"purpose": "x"}),
    route("POST /v3/Documents", NEVER, body=lambda room: {}),
    route("POST /v3/Maps", NEVER, body=lambda room: {}),
    subscription("command list", ObjectType.LIST, COMMANDS, COMMANDS, _of_list),
]
SUBSCRIPTIONS: Final = "POST /v4/Subscriptions"
"""The route behind the rows of the door `sync`."""

ROWS: Final = [*(row for shown in Shown for row in _objects(shown)), *COMMAND_LISTS]
