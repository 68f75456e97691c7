"""Who may open which object, and the refusals with the codes that the Sync SDKs know."""

from __future__ import annotations

from chatcore.commands.access import is_waited_for
from chatcore.domain.model import Actor, ChannelType
from chatcore.ports.sync import ChannelRoot
from gateway.http.errors import HttpError
from gateway.sdkhttp.names import Kind, ObjectType

NO_ACCESS = 54007
ABSENT = {ObjectType.DOCUMENT: 54100, ObjectType.LIST: 54150, ObjectType.MAP: 54200}


def absent(kind: ObjectType) -> HttpError:
    return HttpError(404, ABSENT[kind], f"The {kind.value} was not found")


def forbidden() -> HttpError:
    return HttpError(403, NO_ACCESS, "The identity has no access to this object")


def may_open(root: ChannelRoot, kind: Kind, actor: Actor) -> bool:
    """The document is open to whoever may know of the channel; messages and roster are for members."""
    channel = root.channel
    if channel.type is ChannelType.PUBLIC or root.member is not None:
        return True
    waited_for = actor.identity is not None and is_waited_for(channel, actor.identity)
    return kind is Kind.CHANNEL and (root.invite is not None or waited_for)
