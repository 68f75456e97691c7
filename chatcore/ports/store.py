"""History: what the domain service asks of the database.

`Store.read` answers outside a transaction, each call on its own snapshot. Inside `Store.transaction()` the same
repositories share one connection; nothing is visible to anybody before the block ends, everything is durable after.
Lock order everywhere: service → channels (ascending SID) → roster positions → members → user streams (ascending SID).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from chatcore.domain.events import Event, Topic
from chatcore.domain.ids import (
    AccountSid,
    ChannelSid,
    Identity,
    InviteSid,
    MemberSid,
    MessageSid,
    RoleSid,
    ServiceSid,
    UserSid,
)
from chatcore.domain.jobs import Job
from chatcore.domain.model import (
    Channel,
    ChannelType,
    Invite,
    Member,
    Membership,
    MembershipStatus,
    Message,
    Order,
    Role,
    Service,
    Unread,
    User,
)
from chatcore.domain.paging import Page, Window

from .accounts import AccountConfigurations, Addresses
from .conversations import Conversations
from .devices import Bindings, Credentials
from .guests import Guests, Receipts
from .media import MediaFiles
from .views import Access, Horizon, Moved, Sender, StreamTop, UserStream
from .webhooks import ChannelWebhooks


class Services(Protocol):
    async def create(self, service: Service, roles: Sequence[Role]) -> None: ...

    async def get(self, account_sid: AccountSid, sid: str) -> Service | None: ...

    async def find(self, sid: ServiceSid) -> Service | None:
        """By SID alone, for callers whose token already binds them to the service."""
        ...

    async def lock(self, sid: ServiceSid) -> Service | None:
        """As it is once no other transaction is changing it."""
        ...

    async def list(self, account_sid: AccountSid, window: Window) -> Page[Service]: ...

    async def update(self, service: Service) -> None: ...

    async def delete(self, sid: ServiceSid, now: datetime) -> None:
        """Answers as absent from now on; the rows are purged later."""
        ...


class Roles(Protocol):
    async def create(self, role: Role) -> None: ...

    async def get(self, service_sid: ServiceSid, sid: str) -> Role | None: ...

    async def list(self, service_sid: ServiceSid, window: Window) -> Page[Role]: ...

    async def update(self, role: Role) -> None: ...

    async def delete(self, sid: RoleSid, replacement: RoleSid) -> None:
        """Users, members, guests and invites that held it get the replacement."""
        ...


class Users(Protocol):
    async def create(self, user: User) -> None:
        """With an empty stream. Raises ChatError(USER_EXISTS)."""
        ...

    async def ensure(self, user: User) -> tuple[User, bool]:
        """The user of that identity, made from `user` if there was none, and whether it was made."""
        ...

    async def get(self, service_sid: ServiceSid, key: str) -> User | None:
        """By SID or identity."""
        ...

    async def many(self, service_sid: ServiceSid, identities: Sequence[Identity]) -> Sequence[User]: ...

    async def list(self, service_sid: ServiceSid, window: Window) -> Page[User]: ...

    async def update(self, user: User) -> None: ...

    async def delete(self, sid: UserSid) -> None:
        """With stream, memberships and invites (whose events the caller has written)."""
        ...

    async def permissions(self, service_sid: ServiceSid, identity: Identity) -> frozenset[str] | None:
        """Of the deployment role; None when there is no such user."""
        ...

    async def lock_streams(self, sids: Sequence[UserSid]) -> Mapping[UserSid, UserStream]:
        """In ascending order of SID; users that are gone are left out."""
        ...

    async def save_streams(self, streams: Sequence[UserStream]) -> None: ...


class Channels(Protocol):
    async def create(self, channel: Channel) -> None:
        """Raises ChatError(UNIQUE_NAME_TAKEN)."""
        ...

    async def access(
        self, service_sid: ServiceSid, key: str, identity: Identity | None, *, lock: bool = False
    ) -> Access | None:
        """By SID or unique name. With `lock` the channel's row is locked first, then everything is read."""
        ...

    async def list(
        self, service_sid: ServiceSid, window: Window, *, types: Sequence[ChannelType] = ()
    ) -> Page[Channel]: ...

    async def save(self, channel: Channel) -> None:
        """Writes every changeable field, position and counters included; the row must be locked by this transaction.
        Raises ChatError(UNIQUE_NAME_TAKEN)."""
        ...

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[AccountSid, ServiceSid, ChannelSid]]:
        """Conversations with a timer that ran out by `now`, longest due first."""
        ...

    async def delete(self, sid: ChannelSid, purge_at: datetime) -> None:
        """With members and invites; messages and log go at `purge_at`."""
        ...

    async def lock(self, sids: Sequence[ChannelSid]) -> Mapping[ChannelSid, Channel]:
        """In ascending order of SID; channels that are gone are left out."""
        ...

    async def of_user(
        self,
        user_sid: UserSid,
        window: Window,
        *,
        status: MembershipStatus | None = None,
        kind: ChannelType | None = None,
    ) -> Page[Membership]:
        """Joined and invited channels with unread counts, by date of joining or invitation."""
        ...

    async def membership(self, user_sid: UserSid, channel_sid: ChannelSid) -> Membership | None: ...

    async def joined(self, user_sids: Sequence[UserSid]) -> Mapping[UserSid, Sequence[tuple[ChannelSid, StreamTop]]]:
        """All joined channels of each, most recently active first."""
        ...

    async def unread_totals(self, user_sid: UserSid, limit: int) -> Sequence[tuple[ChannelSid, int]]:
        """Joined, not muted channels with unread messages, most unread first."""
        ...


class Members(Protocol):
    async def insert(self, member: Member) -> None:
        """Raises ChatError(MEMBER_EXISTS)."""
        ...

    async def get(self, channel_sid: ChannelSid, key: str) -> Member | None:
        """By SID or identity."""
        ...

    async def list(
        self, channel_sid: ChannelSid, window: Window, *, identities: Sequence[Identity] = ()
    ) -> Page[Member]: ...

    async def all_of(self, channel_sid: ChannelSid) -> Sequence[Member]: ...

    async def of_user(self, user_sid: UserSid) -> Sequence[Member]: ...

    async def update(self, member: Member) -> None: ...

    async def delete(self, sid: MemberSid) -> None: ...

    async def next_roster_position(self, channel_sid: ChannelSid) -> int:
        """Locks the channel's roster position and moves it by one."""
        ...

    async def report(self, horizons: Sequence[Horizon], now: datetime) -> Sequence[Moved]:
        """Moves many horizons in one statement and gives each channel one roster position; an index beyond the newest
        message is clamped, one that does not move forwards (without force) changes nothing. Returns the members that
        moved, as they are now. Locks roster positions, then members, both ascending."""
        ...

    async def set_own_positions(self, positions: Mapping[MemberSid, int]) -> None:
        """Where in their users' streams these memberships changed last."""
        ...

    async def unread(self, channel_sid: ChannelSid, identity: Identity) -> Unread | None: ...


class Invites(Protocol):
    async def insert(self, invite: Invite) -> None:
        """Raises ChatError(ALREADY_INVITED)."""
        ...

    async def get(self, channel_sid: ChannelSid, key: str) -> Invite | None:
        """By SID or identity."""
        ...

    async def list(
        self, channel_sid: ChannelSid, window: Window, *, identities: Sequence[Identity] = ()
    ) -> Page[Invite]: ...

    async def all_of(self, channel_sid: ChannelSid) -> Sequence[Invite]: ...

    async def of_user(self, user_sid: UserSid) -> Sequence[Invite]: ...

    async def take(self, channel_sid: ChannelSid, identity: Identity) -> Invite | None:
        """Deletes the invite and returns what it was."""
        ...

    async def delete(self, sid: InviteSid) -> None: ...


class Messages(Protocol):
    async def get(self, channel_sid: ChannelSid, key: MessageSid | int) -> Message | None:
        """By SID or index."""
        ...

    async def list(
        self,
        channel_sid: ChannelSid,
        *,
        limit: int,
        order: Order = Order.ASC,
        after: int | None = None,
        before: int | None = None,
        offset: int = 0,
    ) -> Page[Message]:
        """By index; `after` and `before` are exclusive bounds of the index, whatever the order."""
        ...

    async def update(self, message: Message) -> None: ...

    async def delete(self, message: Message) -> None:
        """Burns the index."""
        ...

    async def newest(self, channel_sid: ChannelSid) -> Message | None: ...

    async def senders(self, pairs: Sequence[tuple[ChannelSid, Identity]]) -> Sequence[Sender]:
        """For each (channel, identity): membership and permissions as of now."""
        ...

    async def by_refs(self, refs: Sequence[tuple[ChannelSid, str, str]]) -> Sequence[Message]:
        """Messages of (channel, author, client_ref) triples that exist."""
        ...

    async def insert_many(
        self, messages: Sequence[Message], events: Sequence[Event], channels: Sequence[Channel], jobs: Sequence[Job]
    ) -> None:
        """One round trip: messages, their events, and the new state of their (locked) channels. `jobs` go to the
        outbox."""
        ...

    async def append(
        self,
        messages: Sequence[Message],
        events: Sequence[Event],
        channels: Sequence[tuple[int, Channel]],
        required: Sequence[tuple[ChannelSid, Identity, str]],
        jobs: Sequence[tuple[ChannelSid, Job]],
    ) -> Set[ChannelSid]:
        """One statement that needs no transaction and no locks around it: adds plain messages, each with its event, to
        those of `channels` that are at the offset that stands before them, where everybody in `required` has the
        permission, and which have neither webhooks nor guests. Returns those; of others nothing is written. Ascending
        by SID."""
        ...


class Events(Protocol):
    async def append(self, events: Sequence[Event], now: datetime) -> None: ...

    async def since(self, topic: Topic, offset: int, *, limit: int, reverse: bool = False) -> Sequence[Event]:
        """Events after `offset`, ascending; with `reverse` those before it, newest first."""
        ...

    async def tops(self, topics: Sequence[Topic]) -> Mapping[Topic, StreamTop]:
        """Of streams that exist."""
        ...

    async def missed(self, wanted: Mapping[Topic, int], *, per_topic: int) -> Mapping[Topic, Sequence[Event]]:
        """For each topic the events after its offset, ascending, at most `per_topic` + 1 of each: one more than
        allowed tells the caller that there are too many."""
        ...


class Outbox(Protocol):
    async def put(self, jobs: Sequence[Job], now: datetime) -> None: ...


class Repositories(Protocol):
    """Everything that can be read or changed."""

    @property
    def services(self) -> Services: ...

    @property
    def roles(self) -> Roles: ...

    @property
    def users(self) -> Users: ...

    @property
    def channels(self) -> Channels: ...

    @property
    def members(self) -> Members: ...

    @property
    def invites(self) -> Invites: ...

    @property
    def messages(self) -> Messages: ...

    @property
    def events(self) -> Events: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def media(self) -> MediaFiles: ...

    @property
    def guests(self) -> Guests: ...

    @property
    def receipts(self) -> Receipts: ...

    @property
    def conversations(self) -> Conversations: ...

    @property
    def channel_webhooks(self) -> ChannelWebhooks: ...

    @property
    def account_configurations(self) -> AccountConfigurations: ...

    @property
    def addresses(self) -> Addresses: ...

    @property
    def bindings(self) -> Bindings: ...

    @property
    def credentials(self) -> Credentials: ...


class Store(Protocol):
    """Raises ChatError(UNAVAILABLE) when the database cannot be reached. TransactionConflict asks to try again."""

    @property
    def read(self) -> Repositories: ...

    def transaction(self) -> AbstractAsyncContextManager[Repositories]: ...


class TransactionConflict(Exception):
    """Serialisation failure or deadlock: nothing happened, the same transaction may be tried again."""
