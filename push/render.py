"""Templates into the texts that devices show. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from chatcore.domain.pushes import PushEvent
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.pushes import ActingUser, PushedMessage

from .graphemes import cut
from .happenings import Happening

CHARACTERS: Final = 178
"""Of a text, after everything was put in; code points."""

_VARIABLE = re.compile(r"\$\{([A-Z_]+)\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")

_DEFAULTS: Final[Mapping[Vocabulary, Mapping[PushEvent, str]]] = {
    Vocabulary.CHAT: {
        PushEvent.NEW_MESSAGE: "${CHANNEL};${USER}: ${MESSAGE}",
        PushEvent.ADDED: "You have been added to channel ${CHANNEL} by ${USER}",
        PushEvent.INVITED: "${USER} has invited you to join the channel ${CHANNEL}",
        PushEvent.REMOVED: "${USER} has removed you from the channel ${CHANNEL}",
    },
    Vocabulary.CONVERSATIONS: {
        PushEvent.NEW_MESSAGE: "${CONVERSATION}: ${PARTICIPANT}: ${MESSAGE}",
        PushEvent.ADDED: "You have been added to the conversation ${CONVERSATION} by ${PARTICIPANT}",
        PushEvent.REMOVED: "${PARTICIPANT} has removed you from the conversation ${CONVERSATION}",
    },
}


def variables(happening: Happening, acting: ActingUser | None, message: PushedMessage | None) -> Mapping[str, str]:
    """Both vocabularies work in every template."""
    friendly, unique, sid = happening.friendly_name, happening.unique_name, happening.channel_sid
    name = acting.friendly_name if acting is not None else None
    found: dict[str, str] = {}
    for room, person in (("CHANNEL", "USER"), ("CONVERSATION", "PARTICIPANT")):
        found |= {
            room: unique or friendly or sid,
            f"{room}_FRIENDLY_NAME": friendly or unique or sid,
            f"{room}_UNIQUE_NAME": unique or friendly or sid,
            f"{room}_SID": sid,
            person: name or happening.author,
            f"{person}_FRIENDLY_NAME": name or "",
            f"{person}_IDENTITY": happening.author,
            f"{person}_SID": acting.sid if acting is not None else "",
        }
    if message is not None:
        found["MESSAGE"] = message.body or ""
        found["MEDIA"] = ", ".join(file.filename or file.content_type for file in message.media)
        found["MEDIA_COUNT"] = str(len(message.media))
    return found


def text(template: str | None, vocabulary: Vocabulary, event: PushEvent, values: Mapping[str, str]) -> str:
    """A template that leaves nothing to read gives way to the event's own."""
    for form in (template, _DEFAULTS[vocabulary][event]):
        rendered = cut(_clean(_filled(form, values)), CHARACTERS) if form else ""
        if rendered.strip():
            return rendered
    return ""


def _filled(template: str, values: Mapping[str, str]) -> str:
    """In one pass: what is put in is not looked at again. Unknown names stay."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), template)


def _clean(rendered: str) -> str:
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", rendered))
