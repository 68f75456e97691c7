"""What the worker needs to push: whom, what and with what, and where it writes down what became of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from chatcore.domain.devices import Credential, PushType
from chatcore.domain.ids import BindingSid, ChannelSid, CredentialSid, Identity, MessageSid, ServiceSid, UserSid
from chatcore.domain.jobs import Job
from chatcore.domain.model import Media
from chatcore.domain.values import value
from chatcore.domain.webhooks import Vocabulary

from .jobs import Claimed

Verdict = Literal["wanted", "obsolete", "superseded"]


@value
class Recipient:
    """A device to push to."""

    binding_sid: BindingSid
    kind: PushType
    address: str
    credential_sid: CredentialSid
    user_sid: UserSid
    identity: Identity
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedMessage:
    """A message as it is now."""

    body: str | None
    media: tuple[Media, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingUser:
    sid: UserSid
    friendly_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNames:
    """What devices call an event when they register for it; None: devices of that vocabulary are passed over."""

    chat: str | None
    conversations: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """`identities` None: the members of the channel that are not muted, without `author`. `unread_from`: only
    those who have read none of the messages from this index on."""

    service_sid: ServiceSid
    channel_sid: ChannelSid
    names: EventNames
    identities: Sequence[Identity] | None = None
    author: str | None = None
    unread_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadBinding:
    """An address that its provider refuses; already at `since`, where known: a registration after that is good."""

    sid: BindingSid
    address: str
    reason: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One line of a service's push log: an attempt with the HTTP status of its answer, or (attempt 0) why there was
    none. Without a user: for everybody whom the event concerned."""

    user_sid: UserSid | None
    push_id: str | None
    binding_sid: BindingSid | None
    provider: str | None
    address_end: str | None
    event: str
    message_sid: MessageSid | None
    outcome: str
    reason: str | None = None
    status: int | None = None
    attempt: int = 0
    milliseconds: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What follows from a chunk of pushes: the binding after which to go on (None: no progress to note), jobs to
    write, bindings to set aside, lines for the log."""

    after: BindingSid | None
    jobs: Sequence[Job] = ()
    dead: Sequence[DeadBinding] = ()
    attempts: Sequence[Attempt] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """`held` false: the job belongs to another worker, and nothing was written. `dead`: those that really were set
    aside; `lost`: the users whose last devices were among them."""

    held: bool
    dead: Collection[BindingSid]
    lost: Collection[UserSid] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revived:
    """A binding that is alive again; `first`: its user had no other."""

    binding_sid: BindingSid
    service_sid: ServiceSid
    user_sid: UserSid
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What a push that waited depends on. One that waits for its device `may_be_superseded` by a newer one."""

    job: int
    binding_sid: BindingSid
    address: str
    channel_sid: ChannelSid | None
    message_index: int | None
    member: UserSid | None
    """Of the channel, or the push is pointless."""
    may_be_superseded: bool = False


class Pushes(Protocol):
    """Raises ChatError(UNAVAILABLE)."""

    async def message(self, channel_sid: ChannelSid, index: int) -> PushedMessage | None: ...

    async def acting_user(self, service_sid: ServiceSid, identity: str) -> ActingUser | None: ...

    async def recipients(self, audience: Audience, after: str, limit: int) -> Sequence[Recipient]:
        """Live devices that asked for the event, by ascending SID, from the one after `after`."""
        ...

    async def devices(self, user_sid: UserSid, kind: PushType, types: Sequence[str]) -> Sequence[Recipient]:
        """Live devices of a user that asked for one of these events."""
        ...

    async def badges(self, user_sids: Collection[UserSid]) -> Mapping[UserSid, int]:
        """Joined channels with a message above the user's horizon; users without any are left out."""
        ...

    async def settle(self, job: Claimed, settlement: Settlement) -> Settled:
        """All or nothing; begins the job's lease anew."""
        ...

    async def rewrite(self, job: Claimed, fresh: Mapping[str, object]) -> None:
        """Another job in the same row, for its next turn."""
        ...

    async def still_wanted(self, waiting: Waiting) -> Verdict: ...

    async def note(self, service_sid: ServiceSid, line: Attempt) -> None:
        """A line of the log that names no user."""
        ...

    async def revive(self, credential_sid: CredentialSid, since: datetime) -> Sequence[Revived]:
        """Takes back what doubtful answers to this credential did since then."""
        ...

    async def credential(self, sid: CredentialSid) -> tuple[Credential, bytes] | None:
        """With its sealed secrets."""
        ...

    async def postpone(self, credential_sid: CredentialSid, seconds: float) -> int:
        """Pushes that wait for this credential wait so much longer; returns how many."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Who is connected. For `settles_in` seconds more that is no proof of absence: the memory began empty, and not
    every connection has been announced to it."""

    online: Collection[Identity]
    settles_in: float = 0.0


class Whereabouts(Protocol):
    """Raises ConnectionError while they cannot be known."""

    async def seen(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Seen: ...

    async def left(
        self, service_sid: ServiceSid, identities: Sequence[Identity], since: datetime
    ) -> Collection[Identity]:
        """Those who are away because their last client said goodbye, since then. Lost connections are none of these."""
        ...


class SentNotes(Protocol):
    """Which pushes of a job were accepted, for whoever takes the job over. They may be lost."""

    def note(self, job: int, binding: BindingSid) -> None:
        """Written down within 50 ms; never waits, never raises."""
        ...

    async def noted(self, job: int) -> Collection[BindingSid]:
        """Nothing while the notes are away."""
        ...
