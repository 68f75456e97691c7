"""What the versions of Chat differ in. Their handlers are the same: they ask the version what it reads and shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from chatcore.domain.devices import Credential
from chatcore.domain.model import Channel, Invite, Member, Membership, Message, Role, User
from gateway.http.call import Call
from gateway.http.forms import Form

if TYPE_CHECKING:
    from .place import Place

Json = dict[str, object]


class Presenter(Protocol):
    """Domain values as the JSON of one version."""

    def service(self, place: Place) -> Json: ...

    def role(self, place: Place, r: Role) -> Json: ...

    def user(
        self, place: Place, u: User, *, is_online: bool | None = None, is_notifiable: bool | None = None
    ) -> Json: ...

    def user_channel(self, place: Place, user: User, m: Membership) -> Json: ...

    def channel(self, place: Place, c: Channel) -> Json: ...

    def member(self, place: Place, m: Member) -> Json: ...

    def message(self, place: Place, m: Message) -> Json: ...

    def invite(self, place: Place, i: Invite) -> Json: ...

    def credential(self, call: Call, c: Credential) -> Json: ...


class Reads(Enum):
    """Operations whose parameters are not the same in all versions."""

    SERVICE_UPDATE = "service update"
    CHANNEL_CREATE = "channel create"
    CHANNEL_UPDATE = "channel update"
    MEMBER_CREATE = "member create"
    MEMBER_UPDATE = "member update"
    MESSAGE_CREATE = "message create"
    MESSAGE_UPDATE = "message update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    name: str  # first segment of its paths
    present: Presenter
    page_max: int  # of lists without a maximum of their own
    user_channels_max: int
    webhook_header: bool  # whether callers may ask for post-event webhooks
    event_urls: bool  # whether a service has a webhook URL for each event
    body_required: bool  # of a message
    reads: Mapping[Reads, frozenset[str]] = field(default_factory=dict)
    """Names of the parameters; an operation that is not listed reads all of its own."""

    def path(self, below: str) -> str:
        """The pattern of a route."""
        return f"/{self.name}/{below}"

    async def form(self, call: Call, what: Reads) -> Form:
        """The form of a request, without what this version does not read. Raises as `Call.form` does."""
        form, names = await call.form(), self.reads.get(what)
        return form if names is None else Form(form.pairs(names))
