"""Why a user gets no push of a message, or not yet: what speaks against it by the rules, as things stand now. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from chatcore.domain.jobs import JobKind
from chatcore.domain.model import Service
from chatcore.domain.pushes import PushEvent, settings_of
from chatcore.domain.webhooks import Vocabulary

if TYPE_CHECKING:
    from chatcore.store.push_standing import Standing

_EVENT: Final = PushEvent.NEW_MESSAGE


def against(service: Service, standing: Standing) -> Mapping[str, str]:
    """Reasons with a sentence each; none where nothing speaks against it. Whether somebody is online is not among
    them: that was so, or not, when the push was due, and the log says it."""
    found: dict[str, str] = {}
    if not standing.message:
        found["message_gone"] = "there is no such message (any more): deleted ones are told to nobody"
    elif standing.author:
        found["author"] = "the user wrote the message"
    elif not standing.member:
        found["not_a_member"] = "the user is no member of the channel"
    elif standing.muted:
        found["muted"] = "the user has muted the channel"
    found |= _devices(service, standing)
    if not (service.notifications.log_enabled or service.conversation_notifications.log_enabled):
        found["no_log"] = "the service keeps no log of its pushes (Notifications.LogEnabled)"
    for job in standing.waiting:
        when = job.due_at.isoformat(timespec="seconds")
        if job.kind is JobKind.PUSH_RETRY:
            found["waits"] = f"a push waits until {when}"
        elif job.kind is JobKind.RECHECK:
            found["recheck"] = f"who seemed online is looked at again at {when}"
        else:
            found["not_begun"] = f"no worker has finished with the message, which is due at {when}: {job.why or 'new'}"
    return found


def _devices(service: Service, standing: Standing) -> Mapping[str, str]:
    alive = [device for device in standing.devices if device.alive]
    enabled = {v for v in Vocabulary if settings_of(service, v, _EVENT, only_media=standing.only_media).enabled}
    if not alive:
        if standing.devices:
            return {"no_binding": "the user has no device any more: unregistered, or its provider refused the token"}
        return {"no_binding": "the user has registered no device"}
    asking = [device for device in alive if _EVENT.value in device.message_types]
    if not asking:
        return {"not_asked_for": "no device of the user was registered for new messages"}
    if not enabled.intersection(device.vocabulary for device in asking):
        names = " and ".join(sorted({device.vocabulary.value for device in asking}))
        return {"disabled": f"pushes of new messages are off for devices of {names}"}
    return {}
