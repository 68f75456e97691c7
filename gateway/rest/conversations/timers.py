"""State and timers of a conversation, as parameters."""

from __future__ import annotations

from chatcore.domain import durations
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import ChannelState, Unset
from gateway.http.forms import Form


def state(form: Form) -> ChannelState | Unset:
    if form.text("State") == "":
        raise ChatError(Code.STATE_EMPTY, "State must not be empty")
    return form.enum("State", ChannelState, code=Code.STATE_INVALID)


def inactive_after(form: Form) -> int | Unset | None:
    """Seconds. Empty switches the timer off."""
    text = form.text_or_none("Timers.Inactive")
    return durations.inactive_timer(text) if isinstance(text, str) else text


def closed_after(form: Form) -> int | Unset | None:
    """Seconds. Empty switches the timer off."""
    text = form.text_or_none("Timers.Closed")
    return durations.closed_timer(text) if isinstance(text, str) else text
