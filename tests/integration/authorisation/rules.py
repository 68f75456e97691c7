"""The rules of which most cells are made, and the rows that follow them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from .outcomes import Kind, Outcome, Rule
from .room import Room

_ = Outcome
Json = dict[str, Any]  # Any: JSON

# fmt: off
#                      owner        member       invited      non-member   elsewhere
READ: Final     = Rule(_.OK,        _.OK,        _.STRANGER,  _.STRANGER,  _.ABSENT)
SEE: Final      = Rule(_.SEES,      _.SEES,      _.STRANGER,  _.STRANGER,  _.ABSENT)
KNOW: Final     = Rule(_.SEES,      _.SEES,      _.SEES,      _.SEES,      _.ABSENT)
GLANCE: Final   = Rule(_.BLIND,     _.BLIND,     _.BLIND,     _.BLIND,     _.ABSENT)
RULE: Final     = Rule(_.OK,        _.DENIED,    _.DENIED,    _.DENIED,    _.ABSENT)
ENTER: Final    = Rule(_.JOINED,    _.JOINED,    _.OK,        _.OK,        _.ABSENT)
DECLINE: Final  = Rule(_.NO_INVITE, _.NO_INVITE, _.OK,        _.NO_INVITE, _.ABSENT)
UNINVITE: Final = Rule(_.OK,        _.DENIED,    _.OK,        _.DENIED,    _.ABSENT)  # one's own: declines
MINE: Final     = Rule(_.SEES,      _.SEES,      _.SEES,      _.BLIND,     _.BLIND)
MY_OWN: Final   = Rule(_.SEES,      _.SEES,      _.SEES,      _.ABSENT,    _.ABSENT)
LISTED: Final   = Rule(_.SEES,      _.SEES,      _.SEES,      _.SEES,      _.BLIND)
UNLISTED: Final = Rule(_.BLIND,     _.BLIND,     _.BLIND,     _.BLIND,     _.BLIND)
OWN: Final      = Rule(_.OK,        _.NOTHING,   _.NOTHING,   _.NOTHING,   _.NOTHING)
PROFILE: Final  = Rule(_.OK,        _.OK,        _.OK,        _.OK,        _.NO_USER)
PROFILES: Final = Rule(_.OK,        _.OK,        _.OK,        _.OK,        _.BLIND)
OTHERS: Final   = Rule(_.DENIED,    _.DENIED,    _.DENIED,    _.DENIED,    _.NO_USER)
DEVICE: Final   = Rule(_.OK,        _.OK,        _.OK,        _.OK,        _.OK,        _.NO_CREDENTIAL)
# fmt: on


def all_get(outcome: Outcome) -> Rule:
    return Rule(outcome, outcome, outcome, outcome, outcome)


class Door(StrEnum):
    NATIVE = "native"
    SDK = "sdk"
    ACTION = "action"
    SUBSCRIBE = "sync"
    MEDIA = "media"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Something that can be asked at a door. `name` is how the product's own registry calls it; one name may have
    several `case`s. `ask` makes the request of a room: its fields are the door's; `$me` in it is who asks."""

    door: Door
    name: str
    rule: Rule
    hidden: Outcome = Outcome.ABSENT
    """What a non-member gets where the room is private."""
    private: Rule | None = None
    """Instead of all that, where a private room differs more."""
    ask: Callable[[Room], Json]
    case: str = ""
    changes: bool = False
    """Whoever may do it changes something."""
    alone: bool = False
    """What one caller changed leaves nothing to change for the next."""
    kinds: tuple[Kind, ...] = tuple(Kind)

    def __str__(self) -> str:
        return f"{self.door} {self.name} {self.case}".strip()

    def rules(self) -> Mapping[Kind, Rule]:
        tucked = replace(self.rule, outsider=self.hidden) if self.rule.elsewhere in _OF_ROOMS else self.rule
        found = {Kind.PUBLIC: self.rule, Kind.PRIVATE: self.private or tucked}
        return {kind: found[kind] for kind in self.kinds}


_OF_ROOMS: Final = (Outcome.ABSENT, Outcome.NO_DOCUMENT, Outcome.NO_LIST, Outcome.NO_MAP)
