"""Command lists: older SDKs push commands into a Sync list of their own and read the answers from the same items.

A list lives in memory and belongs to one user. It goes some minutes after the last connection that subscribed it; an
SDK that finds it gone makes a new one and repeats its command.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chatcore.domain import serial
from chatcore.domain.errors import ChatError
from chatcore.domain.ids import UserSid
from chatcore.ports.clock import Clock
from gateway.http.errors import HttpError
from gateway.sdkhttp.errors import translate
from gateway.sdkhttp.names import LABEL, ObjectType
from gateway.sdkhttp.session import SdkSession

from . import access, events
from .connection import Connection
from .events import Json, SyncEvent, Told

Perform = Callable[[SdkSession, str, Mapping[str, Any]], Awaitable[Json]]
"""Carries out an action and answers with the extra members of its response. Raises ChatError and HttpError."""

Describe = Callable[[SdkSession, Mapping[str, Any]], Awaitable[Json]]
"""The context of a session: where its client finds everything. The mapping is the context that the client gave."""

KEPT_SECONDS = 300.0
LISTS_MAX = 20_000
ITEMS_MAX = 200
"""Items that a list remembers for clients that come back; answered commands before them are forgotten."""


@dataclass(slots=True)
class CommandList:
    sid: str
    user_sid: UserSid
    context: Json
    made: str
    position: int = 1  # the context's own event
    next_index: int = 0
    items: OrderedDict[int, tuple[int, int, str, Json]] = field(default_factory=OrderedDict)
    """By index: the positions of its making and of its last change, when that was, the data."""

    connection: Connection | None = None
    left_at: float | None = None  # monotonic; None while subscribed

    @property
    def url(self) -> str:
        return f"{LABEL}/v3/Lists/{self.sid}"


class CommandLists:
    """Of one node. A client comes back to the same node or makes a new list."""

    def __init__(self, perform: Perform, describe: Describe, clock: Clock) -> None:
        self._perform = perform
        self._describe = describe
        self._clock = clock
        self._lists: dict[str, CommandList] = {}

    async def create(self, session: SdkSession, context: Mapping[str, Any]) -> Json:
        """The descriptor of a new list; its context comes as an event once it is subscribed."""
        self._clean()
        described = await self._describe(session, context)
        sid = f"ESf{secrets.token_hex(16)[1:]}"  # the digit sets it apart from lists of messages
        made = CommandList(sid, session.user_sid, described, serial.date(self._clock.now()))
        made.left_at = self._clock.monotonic()
        self._lists[sid] = made
        return self.described(made, session)

    def described(self, commands: CommandList, session: SdkSession) -> Json:
        return {
            "sid": commands.sid,
            "unique_name": None,
            "account_sid": session.actor.account_sid,
            "service_sid": session.actor.service_sid,
            "url": commands.url,
            "revision": "0",
            "last_event_id": 0,
            "date_created": commands.made,
            "date_updated": commands.made,
            "date_expires": None,
            "created_by": session.actor.name,
            "links": {"items": f"{commands.url}/Items", "context": f"{commands.url}/Context"},
        }

    def find(self, session: SdkSession, sid: str) -> CommandList:
        """Raises HttpError(404) as SDKs expect it of a list that is gone, or of somebody else."""
        commands = self._lists.get(sid)
        if commands is None or commands.user_sid != session.user_sid:
            raise access.absent(ObjectType.LIST)
        return commands

    def context(self, session: SdkSession, sid: str) -> Json:
        """Its event id is 0 for ever: SDKs ignore a context event that is not newer than this answer."""
        commands = self.find(session, sid)
        return {
            "data": commands.context,
            "last_event_id": 0,
            "list_sid": sid,
            "revision": "0",
            "date_updated": commands.made,
        }

    def subscribe(self, connection: Connection, sid: str, since: int | None) -> tuple[list[Told], Told]:
        """What was missed, and the result. Raises HttpError(404)."""
        commands = self.find(connection.session, sid)
        commands.connection, commands.left_at = connection, None
        connection.session.on_close(lambda: self.unsubscribe(connection, sid))
        told: list[Told] = []
        if since is not None and since < 1:
            told.append(self._context_event(commands))
        for index, (created, changed, at, data) in commands.items.items():
            if since is not None and changed > since:
                kind = SyncEvent.LIST_ITEM_ADDED if created > since else SyncEvent.LIST_ITEM_UPDATED
                told.append(_item(commands, kind, index, changed, at, data))
        return told, events.established(sid, ObjectType.LIST, commands.position)

    def unsubscribe(self, connection: Connection, sid: str) -> None:
        commands = self._lists.get(sid)
        if commands is not None and commands.connection is connection:
            commands.connection, commands.left_at = None, self._clock.monotonic()

    async def push(self, session: SdkSession, sid: str, data: Mapping[str, Any]) -> Json:
        """Carries out one command and tells its response, whatever it is; answers with the item."""
        commands = self.find(session, sid)
        index, commands.next_index = commands.next_index, commands.next_index + 1
        commands.position += 1
        created = commands.position
        request = data.get("request")
        if not isinstance(request, Mapping):
            request = {}
        response = await self._respond(session, request)
        commands.position += 1
        at = serial.date(self._clock.now())
        done: Json = {"commandId": data.get("commandId"), "request": dict(request), "response": response}
        commands.items[index] = (created, commands.position, at, done)
        while len(commands.items) > ITEMS_MAX:
            commands.items.popitem(last=False)
        if commands.connection is not None:
            position = commands.position
            commands.connection.tell([_item(commands, SyncEvent.LIST_ITEM_UPDATED, index, position, at, done)])
        return {
            "index": index,
            "url": f"{commands.url}/Items/{index}",
            "revision": events.revision(created),
            "last_event_id": created,
            "date_created": at,
            "date_updated": at,
            "date_expires": None,
            "data": dict(data),
        }

    async def _respond(self, session: SdkSession, request: Mapping[str, Any]) -> Json:
        action = request.get("action")
        try:
            extra = await self._perform(session, action if isinstance(action, str) else "", request)
        except ChatError as error:
            return _refused(translate(error))
        except HttpError as error:
            return _refused(error)
        return {"status": 200, "statusText": "OK", **extra}

    def _context_event(self, commands: CommandList) -> Told:
        event: Json = {
            "id": 1,
            "date_created": commands.made,
            "list_sid": commands.sid,
            "context_data": commands.context,
        }
        return SyncEvent.LIST_CONTEXT_UPDATED, event

    def _clean(self) -> None:
        now = self._clock.monotonic()
        gone = [
            sid
            for sid, commands in self._lists.items()
            if commands.left_at is not None and now - commands.left_at > KEPT_SECONDS
        ]
        for sid in gone:
            del self._lists[sid]
        while len(self._lists) >= LISTS_MAX:
            del self._lists[next(iter(self._lists))]


def _refused(error: HttpError) -> Json:
    return {"status": int(error.code), "statusText": error.message}


def _item(commands: CommandList, kind: SyncEvent, index: int, position: int, at: str, data: Json) -> Told:
    return kind, {
        "id": position,
        "date_created": at,
        "date_expires": None,
        "list_sid": commands.sid,
        "list_revision": events.revision(position),
        "item_index": index,
        "item_url": f"{commands.url}/Items/{index}",
        "item_revision": events.revision(position),
        "item_data": data,
    }
