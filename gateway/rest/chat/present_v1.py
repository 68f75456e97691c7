"""Domain values as the JSON of Chat v1: that of v2 without what came later."""

from __future__ import annotations

from chatcore.domain.model import Channel, Member, Membership, Message, User

from . import event_urls
from . import present as v2
from .place import Place
from .present import credential as credential
from .present import invite as invite
from .present import role as role
from .version import Json


def service(place: Place) -> Json:
    links = {name: place.url(name.capitalize()) for name in ("channels", "users", "roles")}
    shown = _without(v2.service(place), "media", "pre_webhook_retry_count", "post_webhook_retry_count")
    return {**shown, "webhooks": event_urls.present(place.service.event_urls), "links": links}


def user(place: Place, u: User, *, is_online: bool | None = None, is_notifiable: bool | None = None) -> Json:
    shown = v2.user(place, u, is_online=is_online, is_notifiable=is_notifiable)
    return {**shown, "links": {"user_channels": place.url("Users", u.sid, "Channels")}}


def user_channel(place: Place, user: User, m: Membership) -> Json:
    return _without(v2.user_channel(place, user, m), "user_sid", "url", "notification_level")


def channel(place: Place, c: Channel) -> Json:
    shown = v2.channel(place, c)
    links = shown["links"]
    assert isinstance(links, dict), "a channel has links"
    return {**shown, "links": _without(links, "webhooks")}


def member(place: Place, m: Member) -> Json:
    return _without(v2.member(place, m), "attributes")


def message(place: Place, m: Message) -> Json:
    """A message with a file is shown as what the service has clients without media say."""
    shown = _without(v2.message(place, m), "last_updated_by", "type", "media")
    return {**shown, "body": place.service.media_compatibility_message} if m.media else shown


def _without(shown: Json, *names: str) -> Json:
    return {name: value for name, value in shown.items() if name not in names}
