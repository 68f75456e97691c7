"""What the answer to a pre-event means: let it happen, change it, or refuse it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.webhooks import Action, Vocabulary
from chatcore.ports.calls import Answered
from chatcore.ports.hooks import NO_CHANGES, Changes

_MESSAGE: Final = frozenset({"body", "author", "attributes"})
_CHANGEABLE: Final[Mapping[tuple[Vocabulary, Action], frozenset[str]]] = {
    (Vocabulary.CHAT, Action.MESSAGE_ADD): _MESSAGE,
    (Vocabulary.CHAT, Action.MESSAGE_UPDATE): _MESSAGE,
    (Vocabulary.CHAT, Action.CHANNEL_ADD): frozenset({"friendly_name", "unique_name", "attributes"}),
    (Vocabulary.CHAT, Action.CHANNEL_UPDATE): frozenset({"friendly_name", "unique_name", "attributes"}),
    (Vocabulary.CONVERSATIONS, Action.MESSAGE_ADD): _MESSAGE,
    (Vocabulary.CONVERSATIONS, Action.MESSAGE_UPDATE): _MESSAGE,
    (Vocabulary.CONVERSATIONS, Action.CHANNEL_ADD): frozenset({"friendly_name"}),
    (Vocabulary.CONVERSATIONS, Action.CHANNEL_UPDATE): frozenset({"friendly_name"}),
}


def judged(vocabulary: Vocabulary, action: Action, answer: Answered) -> Changes:
    """What to replace. Raises ChatError(WEBHOOK_REJECTED), and ChatError(INVALID_PARAMETER) for a value that is no
    text; the command checks what the text says."""
    if answer.status >= 400:
        raise ChatError(Code.WEBHOOK_REJECTED, "The action was rejected by the pre-event webhook")
    if not 200 <= answer.status < 300:
        return NO_CHANGES  # redirects are not followed, so this is no answer
    given = _object(answer.body)
    wanted = _CHANGEABLE.get((vocabulary, action), frozenset())
    return {name: _text(name, value) for name, value in given.items() if name in wanted and value is not None}


def _object(body: bytes) -> Mapping[str, Any]:  # Any: JSON of a stranger
    """Empty for everything that is no JSON object."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(name: str, value: Any) -> str:  # Any: JSON of a stranger
    if isinstance(value, str):
        return value
    if name == "attributes":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    raise ChatError(Code.INVALID_PARAMETER, f"The pre-event webhook answered with a {name} that is not text")
