"""What clients may ask with `rpc`. Parameters are one object; other members of it are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..shapes import Shape, flag, integer, many, nullable, one_of, ref, text, url
from .resources import ANY_JSON, date, open_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    name: str
    about: str
    params: Shape
    result: Shape

    @property
    def group(self) -> str:
        return self.name.partition(".")[0]


_CHANNEL: Final = {"channel": text(about="SID or unique name")}
_OPTIONAL_TEXT: Final = nullable(text())
_NAMES: Final = {"friendly_name": _OPTIONAL_TEXT, "unique_name": _OPTIONAL_TEXT}
_ATTRIBUTES: Final = {"attributes": ANY_JSON}
_IF_REV: Final = {"if_rev": nullable(integer(0))}
_PAGE: Final = {"limit": {**integer(1, 100), "default": 50}, "page": nullable(text(about="`next` of the page before"))}
_NEXT: Final = {"next": _OPTIONAL_TEXT}
_IDENTITY: Final = {"identity": text()}
_IDENTITIES: Final = open_record({"identities": many(text(), most=100)})
_DEVICE: Final = {"type": one_of("apn", "fcm", "gcm"), "token": text(about="The provider's token of the device")}
_MESSAGE: Final = {"index": nullable(integer(0)), "sid": _OPTIONAL_TEXT}
_UNREAD: Final = {
    "last_consumed_message_index": nullable(integer(0)),
    "unread_messages_count": nullable(integer(0)),
}
_UPLOAD: Final = open_record(
    {"method": text(), "url": url(), "headers": {"type": "object"}, "expires_at": date()},
)
_NOTHING: Final = open_record({})
_OF_CHANNEL: Final = open_record(_CHANNEL)
_CHANNEL_AND_MEMBER: Final = open_record({"channel": ref("Channel"), "member": nullable(ref("Member"))})
_LAST_EVENT: Final = open_record({}, {"offset": integer(0), "epoch": text()})


def _page(name: str, kind: str) -> Shape:
    return open_record({name: many(ref(kind)), **_NEXT})


def _one(name: str, kind: str) -> Shape:
    return open_record({name: ref(kind)})


def _method(name: str, about: str, params: Shape, result: Shape) -> Method:
    return Method(name=name, about=about, params=params, result=result)


METHODS: Final[Mapping[str, Method]] = {
    method.name: method
    for method in (
        _method(
            "channel.create",
            "Create a channel, and join it unless told otherwise",
            open_record(
                {},
                {
                    **_NAMES,
                    "type": {**one_of("public", "private"), "default": "public"},
                    **_ATTRIBUTES,
                    "join": {**flag(), "default": True},
                },
            ),
            _CHANNEL_AND_MEMBER,
        ),
        _method("channel.get", "A channel and one's own membership", _OF_CHANNEL, _CHANNEL_AND_MEMBER),
        _method(
            "channel.update",
            "Change what is given",
            open_record(_CHANNEL, {**_NAMES, **_ATTRIBUTES, **_IF_REV}),
            _one("channel", "Channel"),
        ),
        _method("channel.delete", "Delete a channel with everything in it", _OF_CHANNEL, _NOTHING),
        _method("channel.join", "Join a public channel, or accept an invite", _OF_CHANNEL, _CHANNEL_AND_MEMBER),
        _method("channel.leave", "Leave a channel", _OF_CHANNEL, _NOTHING),
        _method(
            "channel.invite",
            "Invite a user",
            open_record({**_CHANNEL, **_IDENTITY}, {"role_sid": _OPTIONAL_TEXT}),
            _one("invite", "Invite"),
        ),
        _method("channel.uninvite", "Withdraw an invite", open_record({**_CHANNEL, **_IDENTITY}), _NOTHING),
        _method("channel.decline", "Decline an invite", _OF_CHANNEL, _NOTHING),
        _method("channel.list", "Public channels of the service", open_record({}, _PAGE), _page("channels", "Channel")),
        _method(
            "channel.mine",
            "Channels one has joined or is invited to",
            open_record({}, {**_PAGE, "status": nullable(one_of("joined", "invited"))}),
            _page("memberships", "Membership"),
        ),
        _method(
            "channel.notify",
            "Mute a channel, or not",
            open_record({**_CHANNEL, "level": one_of("default", "muted")}),
            _one("membership", "Membership"),
        ),
        _method("member.list", "Members of a channel", open_record(_CHANNEL, _PAGE), _page("members", "Member")),
        _method(
            "member.add",
            "Add a user to a channel",
            open_record({**_CHANNEL, **_IDENTITY}, {"role_sid": _OPTIONAL_TEXT, **_ATTRIBUTES}),
            _one("member", "Member"),
        ),
        _method(
            "member.update",
            "Change attributes or role of a member",
            open_record({**_CHANNEL, **_IDENTITY}, {**_ATTRIBUTES, "role_sid": text(), **_IF_REV}),
            _one("member", "Member"),
        ),
        _method("member.remove", "Remove a member", open_record({**_CHANNEL, **_IDENTITY}), _NOTHING),
        _method(
            "message.send",
            "Send a message; a repeated `client_ref` answers the first one",
            open_record(
                _CHANNEL,
                {
                    "body": _OPTIONAL_TEXT,
                    **_ATTRIBUTES,
                    "media_sid": _OPTIONAL_TEXT,
                    "client_ref": nullable(text(64, shortest=1)),
                },
            ),
            open_record({"message": ref("Message"), "duplicate": flag()}),
        ),
        _method(
            "message.get", "A message, by index or SID", open_record(_CHANNEL, _MESSAGE), _one("message", "Message")
        ),
        _method(
            "message.update",
            "Change a message, by index or SID",
            open_record(_CHANNEL, {**_MESSAGE, "body": text(), **_ATTRIBUTES, **_IF_REV}),
            _one("message", "Message"),
        ),
        _method("message.delete", "Delete a message, by index or SID", open_record(_CHANNEL, _MESSAGE), _NOTHING),
        _method(
            "message.list",
            "Messages before or after an index, ascending; the newest unless told",
            open_record(
                _CHANNEL, {"before": nullable(integer(0)), "after": nullable(integer(0)), "limit": _PAGE["limit"]}
            ),
            open_record({"messages": many(ref("Message")), "has_more": flag(), "stream": ref("Position")}),
        ),
        _method(
            "event.list",
            "Events of a channel, or of `me`, since a position",
            open_record(_CHANNEL, {"since": nullable(_LAST_EVENT), "limit": {**integer(1, 300), "default": 300}}),
            open_record(
                {
                    "events": many(open_record({"offset": integer(1), "type": text()})),
                    "offset": integer(0),
                    "epoch": text(),
                    "has_more": flag(),
                }
            ),
        ),
        _method(
            "read.set",
            "Move one's read horizon to a message; backwards only with `force`",
            open_record({**_CHANNEL, "index": integer(0)}, {"force": {**flag(), "default": False}}),
            open_record(_UNREAD),
        ),
        _method("read.all", "Everything is read", _OF_CHANNEL, open_record(_UNREAD)),
        _method("read.none", "Nothing is read", _OF_CHANNEL, open_record(_UNREAD)),
        _method(
            "unread.get",
            "One's counts in a channel",
            _OF_CHANNEL,
            open_record({"messages_count": integer(0), **_UNREAD}),
        ),
        _method(
            "unread.total",
            "Unread messages of joined channels that are not muted, by SID of the channel",
            open_record({}),
            open_record(
                {"total": integer(0), "channels": {"type": "object", "additionalProperties": integer(1)}},
            ),
        ),
        _method("typing.start", "One is typing; also as a `send`, without an answer", _OF_CHANNEL, _NOTHING),
        _method(
            "media.create",
            "Announce a file; its bytes then go to `upload` over HTTP, never through the socket",
            open_record({"content_type": text(), "size": integer(0)}, {"filename": _OPTIONAL_TEXT}),
            open_record({"media": ref("Media"), "upload": _UPLOAD}),
        ),
        _method(
            "media.url",
            "Where to fetch the file of a message, by index or SID; needs no credentials until it expires",
            open_record(_CHANNEL, _MESSAGE),
            open_record({"url": url(), "expires_at": date()}),
        ),
        _method(
            "push.register",
            "Register the client's device for pushes; endpoint and credential are the token's unless given",
            open_record(_DEVICE, {"endpoint": _OPTIONAL_TEXT, "credential_sid": _OPTIONAL_TEXT}),
            open_record({"binding_sid": text()}),
        ),
        _method("push.unregister", "Forget the client's device", open_record(_DEVICE), _NOTHING),
        _method("user.get", "A user", open_record(_IDENTITY), _one("user", "User")),
        _method("user.list", "Several users", _IDENTITIES, open_record({"users": many(ref("User"))})),
        _method(
            "user.update",
            "Change one's own profile, or that of another user",
            open_record({}, {"friendly_name": _OPTIONAL_TEXT, **_ATTRIBUTES, "identity": _OPTIONAL_TEXT}),
            _one("user", "User"),
        ),
        _method(
            "user.watch",
            "Hear of profile and reachability of users on `live`, of at most 1,000 at a time",
            _IDENTITIES,
            open_record({"users": many(ref("User"))}),
        ),
        _method("user.unwatch", "No longer", _IDENTITIES, _NOTHING),
    )
}
