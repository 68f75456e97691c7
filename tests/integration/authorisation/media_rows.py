"""Files over HTTP, for clients: they show their token. Names are operations of the media API."""

from __future__ import annotations

from typing import Final

from .outcomes import Outcome as O
from .outcomes import Rule
from .room import PNG, Room
from .rules import Door, Row

# Files of a room are for its members, public or not.
# fmt: off
#                     owner        member       invited      non-member   elsewhere
FILE: Final    = Rule(O.SEES,      O.SEES,      O.NOT_FOUND, O.NOT_FOUND, O.NOT_FOUND)
CONTENT: Final = Rule(O.OK,        O.OK,        O.NOT_FOUND, O.NOT_FOUND, O.NOT_FOUND)
FILES: Final   = Rule(O.SEES,      O.SEES,      O.BLIND,     O.BLIND,     O.NOT_FOUND)
UPLOAD: Final  = Rule(O.BLIND,     O.BLIND,     O.BLIND,     O.BLIND,     O.NOT_FOUND)
REMOVAL: Final = Rule(O.FORBIDDEN, O.FORBIDDEN, O.FORBIDDEN, O.FORBIDDEN, O.NOT_FOUND)
# fmt: on


def operation(name: str, rule: Rule, method: str, path: str, *, changes: bool = False, json: bool = False) -> Row:
    """`path` below the service, `$` stands for the file; what is sent is a picture, or JSON that asks for the file."""

    def ask(room: Room) -> dict[str, object]:
        request: dict[str, object] = {"method": method, "path": f"/v1/Services/{room.service}{path}"}
        request["path"] = str(request["path"]).replace("$", room.media)
        if json:
            request["json"] = {"command": "get", "list": [{"media_sid": room.media}]}
        elif method == "POST":
            request |= {"content": PNG, "headers": {"Content-Type": "image/png"}}
        return request

    return Row(door=Door.MEDIA, name=name, rule=rule, ask=ask, changes=changes)


ROWS: Final = [
    operation("createMedia", UPLOAD, "POST", "/Media", changes=True),
    operation("fetchMedia", FILE, "GET", "/Media/$"),
    operation("fetchContent", CONTENT, "GET", "/Media/$/Content"),
    operation("deleteMedia", REMOVAL, "DELETE", "/Media/$"),
    operation("fetchMediaSet", FILES, "POST", "/MediaSet", json=True),
]
