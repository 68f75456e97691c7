"""Values that a parameter does not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.reference.operation import Parameter
from gateway.reference.shapes import Shape

from .stories import HEX, Value

NONSENSE: Final = "nonsense"
NOWHERE: Final = "nowhere"
_BY_NAME: Final[Mapping[str, Value]] = {
    "DefaultInactiveTimer": "soon",
    "DefaultClosedTimer": "soon",
    "Timers.Inactive": "soon",
    "Timers.Closed": "soon",
    "StartDate": "soon",
    "EndDate": "soon",
    "PageToken": "soon",
    "Participant": ["{"],
    "push_credential_sid": NONSENSE,
}
_KEPT_AS_GIVEN: Final = (
    "AutoCreation.ConversationServiceSid",
    "AutoCreation.WebhookUrl",
    "AutoCreation.StudioFlowSid",
    "ContentSid",
    "ContentVariables",
)
"""Nothing here interprets them, so nothing judges them either."""
_REFERENCES: Final = ("IS", "RL", "ME")


def bad_values(parameter: Parameter) -> Iterator[Value]:
    """Each is refused with the parameter's own code."""
    if parameter.name.startswith(_KEPT_AS_GIVEN):
        return
    if parameter.name in _BY_NAME:
        yield _BY_NAME[parameter.name]
        return
    if "items" in parameter.shape:
        for value in _scalars(parameter.shape["items"]):
            yield [value]
    else:
        yield from _scalars(parameter.shape)


def _scalars(shape: Shape) -> Iterator[str]:
    if "enum" in shape:
        yield NONSENSE
    elif shape["type"] == "boolean":
        yield "maybe"
    elif shape["type"] == "integer":
        yield "x"
        yield from (str(shape[bound] + step) for bound, step in (("minimum", -1), ("maximum", 1)) if bound in shape)
    else:
        yield from _texts(shape)


def _texts(shape: Shape) -> Iterator[str]:
    if shape.get("format") == "date-time":
        yield "yesterday"
    elif shape.get("format") == "uri":
        yield NOWHERE
        if "maxLength" in shape:
            yield f"https://{'x' * shape['maxLength']}"
    elif shape.get("contentMediaType") == "application/json":
        yield from ("{", "")
    elif "pattern" in shape:
        prefix = shape["pattern"][1:3]
        yield f"{prefix}{HEX}" if prefix in _REFERENCES else NONSENSE
    elif "maxLength" in shape:
        yield "x" * (shape["maxLength"] + 1)
    yield "a\0b"


def code_of(parameter: Parameter, value: Value) -> int:
    """Whatever the parameter, text that cannot be stored is an invalid parameter. Some codes are about the length."""
    if any("\0" in text for text in ([value] if isinstance(value, str) else value)):
        return 20001
    if value == NOWHERE and "maxLength" in parameter.shape:
        return 20001
    if parameter.name == "FriendlyName" and value:
        return 50003
    return parameter.code


def absent_keys(name: str, shape: Shape) -> Iterator[str]:
    """What leads nowhere: a SID nothing has, and no SID."""
    prefixes = {
        "channel": "CH",
        "conversation": "CH",
        "user": "US",
        "member": "MB",
        "participant": "MB",
        "address": "IG",
    }
    prefix = prefixes.get(name) or shape["pattern"][1:3]
    yield f"{prefix}{HEX}"
    yield NONSENSE
