"""Parameters of the RPC methods: their types, and the error that says which one is wrong."""

from __future__ import annotations

from typing import Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from chatcore.domain import limits, model
from chatcore.domain.errors import ChatError, Code

LIST_DEFAULT = 50
T = TypeVar("T")


class BadParams(Exception):
    """Error 107; the text names the parameter."""


class Nothing(msgspec.Struct):
    pass


class OfChannel(msgspec.Struct):
    channel: str


class ChannelCreate(msgspec.Struct):
    friendly_name: str | None = None
    unique_name: str | None = None
    type: Literal["public", "private"] = "public"
    attributes: msgspec.Raw | UnsetType = UNSET
    join: bool = True


class ChannelUpdate(OfChannel):
    friendly_name: str | UnsetType | None = UNSET
    unique_name: str | UnsetType | None = UNSET
    attributes: msgspec.Raw | UnsetType = UNSET
    if_rev: int | None = None


class Invite(OfChannel):
    identity: str
    role_sid: str | None = None


class OfMember(OfChannel):
    identity: str


class Listing(msgspec.Struct):
    limit: int = LIST_DEFAULT
    page: str | None = None


class Mine(Listing):
    status: Literal["joined", "invited"] | None = None


class Notify(OfChannel):
    level: Literal["default", "muted"]


class MemberList(OfChannel):
    limit: int = LIST_DEFAULT
    page: str | None = None


class MemberAdd(OfChannel):
    identity: str
    role_sid: str | None = None
    attributes: msgspec.Raw | UnsetType = UNSET


class MemberUpdate(OfChannel):
    identity: str
    attributes: msgspec.Raw | UnsetType = UNSET
    role_sid: str | UnsetType = UNSET
    if_rev: int | None = None


class MessageSend(OfChannel):
    body: str | None = None
    attributes: msgspec.Raw | UnsetType = UNSET
    media_sid: str | None = None
    client_ref: str | None = None


class MediaCreate(msgspec.Struct):
    content_type: str
    size: int
    filename: str | None = None


class OfMessage(OfChannel):
    index: int | None = None
    sid: str | None = None


class MessageUpdate(OfMessage):
    body: str | UnsetType = UNSET
    attributes: msgspec.Raw | UnsetType = UNSET
    if_rev: int | None = None


class MessageList(OfChannel):
    before: int | None = None
    after: int | None = None
    limit: int = LIST_DEFAULT


class Since(msgspec.Struct):
    offset: int = 0
    epoch: str = ""


class EventList(OfChannel):
    since: Since | None = None
    limit: int = 300


class ReadSet(OfChannel):
    index: int
    force: bool = False


class OfUser(msgspec.Struct):
    identity: str


class OfUsers(msgspec.Struct):
    identities: list[str]


class UserUpdate(msgspec.Struct):
    friendly_name: str | UnsetType | None = UNSET
    attributes: msgspec.Raw | UnsetType = UNSET
    identity: str | None = None


class PushDevice(msgspec.Struct):
    type: str
    token: str


class PushRegister(PushDevice):
    endpoint: str | None = None
    credential_sid: str | None = None


def parse(kind: type[T], data: bytes) -> T:
    """`data` as an object of this kind; absent means `{}`. Raises BadParams."""
    try:
        if not (data or b"{}").lstrip().startswith(b"{"):
            raise BadParams("params must be an object")
        params = msgspec.json.decode(data or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise BadParams(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadParams("params are not valid JSON text") from None
    for name in kind.__struct_fields__:  # type: ignore[attr-defined]  # T is always a Struct
        value = getattr(params, name)
        if isinstance(value, str):
            _check_text(name, value)
        elif isinstance(value, list):
            for item in value:
                _check_text(name, item)
        elif isinstance(value, msgspec.Raw):  # whose text nobody has looked at yet
            _check_raw(name, value)
    return params


def _check_text(name: str, value: str) -> None:
    try:
        limits.clean(name, value)
    except ChatError as error:
        raise BadParams(error.message) from None


def _check_raw(name: str, value: msgspec.Raw) -> None:
    try:
        bytes(value).decode()
    except UnicodeDecodeError:
        raise BadParams(f"{name} is not valid Unicode text") from None


def attributes(value: msgspec.Raw | UnsetType) -> str | model.Unset:
    """The text as the client wrote it; null clears to `{}`."""
    if value is UNSET:
        return model.UNSET
    text = bytes(value).decode()
    return "{}" if text == "null" else text


def text(value: str | UnsetType | None) -> str | model.Unset | None:
    return model.UNSET if value is UNSET else value


def in_range(name: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise BadParams(f"{name} must be between {low} and {high}")
    return value


def index(name: str, value: int | None) -> int | None:
    """A message index, which PostgreSQL keeps in 64 bits."""
    return None if value is None else in_range(name, value, 0, 2**63 - 1)


def message_key(params: OfMessage) -> int | str:
    """Index or SID, exactly one of which addresses a message."""
    if (params.index is None) == (params.sid is None):
        raise BadParams("either index or sid is required")
    if params.sid is not None:
        return params.sid
    value = index("index", params.index)
    assert value is not None, "one of the two is there"
    return value


def too_many(names: list[str]) -> None:
    if len(names) > limits.LIST_MAX:
        raise ChatError(Code.INVALID_PARAMETER, f"at most {limits.LIST_MAX} identities")
