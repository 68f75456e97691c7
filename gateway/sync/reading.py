"""Objects and pages of their items, as a connection reads them.

An answer must not run ahead of the events on the same connection: a client that has read an item drops the event that
brought it. So before an answer leaves, the rooms have delivered everything that it contains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatcore.domain import serial
from chatcore.domain.events import channel_topic, user_topic
from chatcore.domain.guests import Guest
from chatcore.domain.ids import ChannelSid, UserSid
from chatcore.domain.model import Member, Message, Order, User
from chatcore.domain.paging import fitting
from chatcore.ports.sync import ChannelRoot
from gateway.sdkhttp.names import Kind, ObjectType, Ref

from . import access, data, told
from .connection import Connection
from .data import Json
from .events import revision
from .own import positions
from .prefetch import Prefetch
from .services import SyncServices
from .tokens import PAGE_MAX, Position, Start, seal


@dataclass(frozen=True, slots=True)
class Item:
    key: str | int
    position: int
    data: Json
    date_created: str
    date_updated: str


@dataclass(frozen=True, slots=True)
class Page:
    """In the requested order."""

    items: Sequence[Item]
    precedes: bool
    follows: bool


class Reading:
    """Reads of one node."""

    def __init__(self, services: SyncServices, prefetch: Prefetch) -> None:
        self._services = services
        self._prefetch = prefetch

    async def root(self, connection: Connection, ref: Ref, *, with_items: bool) -> Json:
        """The object itself. Raises HttpError with the codes of Sync."""
        match ref.kind:
            case Kind.OWN | Kind.INFO:
                user = await self._user(connection, ref)
                position = user.stream.offset if ref.kind is Kind.OWN else told.info_top(user.info_position)
                created, updated = serial.date(user.date_created), serial.date(user.date_updated)
                body = self._described(connection, ref, position, created, updated)
            case _:
                root = await self.channel(connection, ref)
                channel = root.channel
                position = root.roster_position if ref.kind is Kind.ROSTER else channel.stream.offset
                created, updated = serial.date(channel.date_created), serial.date(channel.date_updated)
                body = self._described(connection, ref, position, created, updated)
                if ref.kind is Kind.CHANNEL:
                    body["data"] = data.channel(channel)
        if with_items and ref.type is ObjectType.MAP:
            page = await self.page(connection, ref, Start(size=PAGE_MAX))
            body["items"] = [self.shown(ref, item) for item in page.items]
        return body

    async def page(self, connection: Connection, ref: Ref, start: Start) -> Page:
        """Raises HttpError with the codes of Sync."""
        match ref.kind:
            case Kind.MESSAGES:
                return await self._messages(connection, ref, start)
            case Kind.ROSTER:
                return await self._roster(connection, ref, start)
            case Kind.OWN:
                return await self._own(connection, ref, start)
            case Kind.INFO:
                user = await self._user(connection, ref)
                return _cut(sorted(await self._info(connection, ref, user), key=lambda item: str(item.key)), start)
            case Kind.CHANNEL:
                raise access.absent(ref.type)

    async def channel(self, connection: Connection, ref: Ref) -> ChannelRoot:
        """The channel behind one of its objects, if the connection may open that."""
        sid, session = ChannelSid(ref.subject), connection.session
        root = self._prefetch.root(session.user_sid, sid)
        if root is None:
            roots = await self._services.reads.roots(session.actor.service_sid, session.user_sid, [sid])
            root = roots.get(sid)
            if root is not None and channel_topic(sid) in connection.channels:
                await self._services.relay.bring_up({channel_topic(sid): root.channel.stream.offset})
        if root is None:
            raise access.absent(ref.type)
        if not access.may_open(root, ref.kind, session.actor):
            raise access.forbidden()
        return root

    def shown(self, ref: Ref, item: Item) -> Json:
        label = "index" if ref.type is ObjectType.LIST else "key"
        return {
            label: item.key,
            "url": f"{ref.url}/Items/{item.key}",
            "revision": revision(item.position),
            "last_event_id": item.position,
            "data": item.data,
            "date_created": item.date_created,
            "date_updated": item.date_updated,
            "date_expires": None,
        }

    def body(self, ref: Ref, start: Start, page: Page) -> Json:
        """A page with the tokens of its neighbours; SDKs take null for the end of the collection."""
        first, last = (page.items[0].key, page.items[-1].key) if page.items else (None, None)
        edge = start.start if start.start is not None else ""

        def token(after: str | int | None, *, up: bool, wanted: bool) -> str | None:
            return seal(Position(edge if after is None else after, up, start.size)) if wanted else None

        meta = {
            "previous_token": token(first, up=not start.up, wanted=page.precedes),
            "next_token": token(last, up=start.up, wanted=page.follows),
        }
        return {"items": [self.shown(ref, item) for item in page.items], "meta": meta}

    # Messages.

    async def _messages(self, connection: Connection, ref: Ref, start: Start) -> Page:
        await self.channel(connection, ref)
        sid, messages = ChannelSid(ref.subject), self._services.chat.history.reads.messages
        if start.exact is not None:
            index = _index(start.exact)
            found = await messages.get(sid, index) if index is not None else None
            shown = [] if found is None else [found]
            precedes = follows = False
        else:
            bound = None if start.start is None else _index(start.start)
            if bound is not None and start.inclusive:
                bound += -1 if start.up else 1
            order = Order.ASC if start.up else Order.DESC
            after, before = (bound, None) if start.up else (None, bound)
            page = await messages.list(sid, limit=start.size, order=order, after=after, before=before)
            shown = list(fitting(page.items, _weight))
            precedes, follows = page.has_before, page.has_after or len(shown) < len(page.items)
        if shown and channel_topic(sid) in connection.channels:
            await self._services.relay.bring_up({channel_topic(sid): max(message.rev for message in shown)})
        return Page([_message(message) for message in shown], precedes, follows)

    # Rosters.

    async def _roster(self, connection: Connection, ref: Ref, start: Start) -> Page:
        root = await self.channel(connection, ref)
        sid, guests = root.channel.sid, root.channel.guests_count > 0
        if start.exact is None and start.start is None and start.up and not guests:
            members = self._prefetch.roster(connection.session.user_sid, sid)
            if members is not None and len(members) <= start.size:
                return Page([_member(member) for member in members], precedes=False, follows=False)

        async def read(begin: str | None, limit: int, up: bool) -> Sequence[Member | Guest]:
            return await self._services.reads.roster_page(sid, start=begin, limit=limit, up=up, guests=guests)

        key = start.exact if start.exact is not None else _key(start.start)
        limit = 1 if start.exact is not None else start.size + 1
        rows = await read(_beyond(key, start), limit, start.up)
        if start.exact is not None:
            return Page([_member(row) for row in rows if row.sid == start.exact], precedes=False, follows=False)
        edge = rows[0].sid if rows else key
        precedes = start.start is not None and bool(
            [row for row in await read(edge, 2, not start.up) if row.sid != edge or not rows]
        )
        if (topic := channel_topic(sid)) in connection.channels and rows:
            await self._services.relay.bring_up({topic: max(row.rev for row in rows)})
        shown = fitting(rows[: start.size], _weight)
        return Page([_member(row) for row in shown], precedes, len(rows) > len(shown))

    # The user's own channels.

    async def _own(self, connection: Connection, ref: Ref, start: Start) -> Page:
        if ref.subject != connection.session.user_sid:
            raise access.forbidden()

        async def read(begin: str | None, limit: int, up: bool) -> Sequence[ChannelRoot]:
            return await self._services.reads.own_page(UserSid(ref.subject), start=begin, limit=limit, up=up)

        key = start.exact if start.exact is not None else _key(start.start)
        limit = 1 if start.exact is not None else start.size + 1
        rows = await read(_beyond(key, start), limit, start.up)
        if connection.own and rows:
            top = max(positions(row)[1] for row in rows)
            await self._services.relay.bring_up({user_topic(UserSid(ref.subject)): top})
        if start.exact is not None:
            return Page([_own(row) for row in rows if row.channel.sid == start.exact], precedes=False, follows=False)
        edge = rows[0].channel.sid if rows else key
        precedes = start.start is not None and bool(
            [row for row in await read(edge, 2, not start.up) if row.channel.sid != edge or not rows]
        )
        shown = rows[: start.size]
        await self._prefetch.expect(connection.session, [row.channel.sid for row in shown if row.member is not None])
        return Page([_own(row) for row in shown], precedes, len(rows) > start.size)

    # Users.

    async def _user(self, connection: Connection, ref: Ref) -> User:
        session, sid = connection.session, UserSid(ref.subject)
        if ref.kind is Kind.OWN and sid != session.user_sid:
            raise access.forbidden()
        user = (await self._services.reads.users(session.actor.service_sid, [sid])).get(sid)
        if user is None:
            raise access.absent(ref.type)
        return user

    async def _info(self, connection: Connection, ref: Ref, user: User) -> list[Item]:
        base = user.info_position * told.INFO_STEP
        created, updated = serial.date(user.date_created), serial.date(user.date_updated)
        items = [
            Item(data.FRIENDLY_NAME, base + told.FRIENDLY_NAME_STEP, {"value": user.friendly_name}, created, updated),
            Item(data.ATTRIBUTES, base + told.ATTRIBUTES_STEP, {"value": user.attributes}, created, updated),
        ]
        service = await self._services.chat.services.settings(connection.session.actor)
        if service.reachability_enabled:
            online = (await self._services.online(user.service_sid, [user.identity])).get(user.identity)
            notifiable = (await self._services.notifiable(user.service_sid, [user.sid])).get(user.sid)
            reach: Json = {"online": bool(online), "notifiable": bool(notifiable)}
            items.append(Item(data.REACHABILITY, base + told.REACHABILITY_STEP, reach, created, updated))
        return items

    @staticmethod
    def _described(connection: Connection, ref: Ref, position: int, created: str, updated: str) -> Json:
        links = {} if ref.type is ObjectType.DOCUMENT else {"items": f"{ref.url}/Items"}
        if ref.type is ObjectType.LIST:
            links["context"] = f"{ref.url}/Context"
        return {
            "sid": ref.sid,
            "unique_name": ref.unique_name,
            "account_sid": connection.session.actor.account_sid,
            "service_sid": connection.session.actor.service_sid,
            "url": ref.url,
            "revision": revision(position),
            "last_event_id": position,
            "date_created": created,
            "date_updated": updated,
            "date_expires": None,
            "created_by": "system",
            "links": links,
        }


def _weight(thing: Message | Member | Guest) -> int:
    """About the bytes of its item, where those are many."""
    body = thing.body or "" if isinstance(thing, Message) else ""
    return len(body.encode()) + len(thing.attributes.encode())


def _message(m: Message) -> Item:
    return Item(m.index, m.rev, data.message(m), serial.date(m.date_created), serial.date(m.date_updated))


def _member(m: Member | Guest) -> Item:
    dates = serial.date(m.date_created), serial.date(m.date_updated)
    return Item(m.sid, m.roster_position, data.roster_entry(m), *dates)


def _own(root: ChannelRoot) -> Item:
    entry = root.member or root.invite
    assert entry is not None, "an item is a membership or an invitation"
    dates = serial.date(entry.date_created), serial.date(entry.date_updated)
    return Item(root.channel.sid, positions(root)[1], data.own(root), *dates)


def _index(text: str | int) -> int | None:
    """None for what is no index."""
    if isinstance(text, str) and not (text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 19):
        return None
    return int(text)


def _key(start: str | int | None) -> str | None:
    return None if start is None else str(start)


def _beyond(key: str | None, start: Start) -> str | None:
    """Keys are SIDs, of one length: a space makes the next, a missing last letter the one before."""
    if key is None or start.inclusive:
        return key
    return f"{key} " if start.up else key[:-1]


def _cut(items: Sequence[Item], start: Start) -> Page:
    """A page of few items, all of which are known."""
    if start.exact is not None:
        return Page([item for item in items if item.key == start.exact], precedes=False, follows=False)
    ordered = list(items) if start.up else list(reversed(items))
    key = _key(start.start)
    kept = ordered if key is None else [item for item in ordered if _reaches(str(item.key), key, start)]
    return Page(kept[: start.size], len(kept) < len(ordered), len(kept) > start.size)


def _reaches(key: str, bound: str, start: Start) -> bool:
    if key == bound:
        return start.inclusive
    return (key > bound) is start.up
