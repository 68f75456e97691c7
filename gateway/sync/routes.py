"""Paths of Sync inside Twilsock. To clients everything is read-only but the command lists of older SDKs."""

from __future__ import annotations

from typing import Any

import msgspec

from gateway.http.errors import HttpError
from gateway.sdkhttp import reading as bodies
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.errors import bad_request
from gateway.sdkhttp.exchange import SdkResponse, answer
from gateway.sdkhttp.names import PATHS, ObjectType, Ref, parse
from gateway.sdkhttp.routes import Route
from gateway.sdkhttp.session import SdkSession

from . import access, events
from .command_lists import CommandLists
from .connection import Connection
from .events import Told
from .prefetch import Prefetch
from .reading import Reading
from .services import SyncServices
from .subscribing import Subscriber, Want
from .tokens import read_start

BATCH = 100
"""Objects in one subscription request, as clients are told; more are not refused."""

OBJECTS_MAX = 1000


class _Object(msgspec.Struct):
    object_sid: str
    object_type: str
    last_event_id: int | None = None


class _Subscriptions(msgspec.Struct):
    action: str
    requests: list[_Object]
    event_protocol_version: int = 3
    correlation_id: int = 0


class _NewList(msgspec.Struct):
    purpose: str = ""
    context: dict[str, Any] = {}


class _NewItem(msgspec.Struct):
    data: dict[str, Any]


class Sync:
    """Handlers of one node. A connection's subscriptions are made with its first request here."""

    def __init__(self, services: SyncServices, commands: CommandLists) -> None:
        self._services = services
        self._commands = commands
        self._subscriber = Subscriber(services)
        prefetch = Prefetch(services)
        self.expect = prefetch.expect
        """For whoever hands a client its channels: it is going to open them."""
        self._reading = Reading(services, prefetch)
        self._connections: dict[str, Connection] = {}

    def routes(self) -> list[Route[Handler]]:
        found: list[Route[Handler]] = []
        for kind, name in PATHS.items():
            found += [
                Route("GET", f"/v3/{name}/{{name}}", self._reader(kind)),
                Route("POST", f"/v3/{name}/{{name}}", _refuse),
                Route("DELETE", f"/v3/{name}/{{name}}", _refuse),
            ]
            if kind is not ObjectType.DOCUMENT:
                found += [
                    Route("GET", f"/v3/{name}/{{name}}/Items", self._pager(kind)),
                    Route("POST", f"/v3/{name}/{{name}}/Items/{{item}}", _refuse),
                    Route("DELETE", f"/v3/{name}/{{name}}/Items/{{item}}", _refuse),
                ]
        return [
            *found,
            Route("POST", "/v3/Documents", _refuse),
            Route("POST", "/v3/Maps", _refuse),
            Route("POST", "/v3/Maps/{name}/Items", _refuse),
            Route("POST", "/v3/Lists", self.create_list),
            Route("POST", "/v3/Lists/{name}/Items", self.push),
            Route("GET", "/v3/Lists/{name}/Context", self.context),
            Route("POST", "/v4/Subscriptions", self.subscriptions),
        ]

    def connection(self, session: SdkSession) -> Connection:
        found = self._connections.get(session.connection)
        if found is None:
            found = Connection(self._services, session)
            if not session.closed:
                self._connections[session.connection] = found
                session.on_close(lambda: self._forget(session))
        return found

    def _forget(self, session: SdkSession) -> None:
        self._connections.pop(session.connection, None)

    def _reader(self, kind: ObjectType) -> Handler:
        async def read(call: Call) -> SdkResponse:
            session, name = call.request.session, call.params["name"]
            ref = parse(name, kind)
            if ref is None and kind is ObjectType.LIST:
                return answer(self._commands.described(self._commands.find(session, name), session))
            if ref is None:
                raise access.absent(kind)
            with_items = "items" in call.request.params.get("Include", ())
            return answer(await self._reading.root(self.connection(session), ref, with_items=with_items))

        return read

    def _pager(self, kind: ObjectType) -> Handler:
        exact = "Index" if kind is ObjectType.LIST else "Key"

        async def page(call: Call) -> SdkResponse:
            ref = parse(call.params["name"], kind)
            if ref is None:
                raise access.absent(kind)
            start = read_start(bodies.query(call.request), exact=exact)
            found = await self._reading.page(self.connection(call.request.session), ref, start)
            return answer(self._reading.body(ref, start, found))

        return page

    # Command lists.

    async def create_list(self, call: Call) -> SdkResponse:
        body = bodies.read(_NewList, call.request)
        if body.purpose != "com.twilio.rtd.ipmsg":
            raise access.forbidden()
        return answer(await self._commands.create(call.request.session, body.context), 201)

    async def context(self, call: Call) -> SdkResponse:
        return answer(self._commands.context(call.request.session, call.params["name"]))

    async def push(self, call: Call) -> SdkResponse:
        if parse(call.params["name"], ObjectType.LIST) is not None:
            raise access.forbidden()
        data = bodies.read(_NewItem, call.request).data
        return answer(await self._commands.push(call.request.session, call.params["name"], data), 201)

    # Subscriptions.

    async def subscriptions(self, call: Call) -> SdkResponse:
        body = bodies.read(_Subscriptions, call.request)
        if len(body.requests) > OBJECTS_MAX:
            raise bad_request(f"more than {OBJECTS_MAX} objects")
        connection = self.connection(call.request.session)
        connection.version = 4 if body.event_protocol_version >= 4 else 3
        match body.action:
            case "establish":
                await self._establish(connection, body)
            case "cancel":
                self._cancel(connection, body)
            case _:
                raise bad_request("action must be establish or cancel")
        return answer({"max_batch_size": BATCH, "ttl_in_s": -1, "estimated_delivery_in_ms": 5000})

    async def _establish(self, connection: Connection, body: _Subscriptions) -> None:
        wants: list[Want] = []
        refused: list[Told] = []
        for entry in body.requests:
            ref = _ref(entry)
            if ref is not None:
                since = entry.last_event_id
                wants.append(Want(ref, since if since is None or since >= 0 else 0))
                continue
            try:
                if entry.object_type != ObjectType.LIST:
                    raise access.absent(_type(entry))
                missed, result = self._commands.subscribe(connection, entry.object_sid, entry.last_event_id)
            except HttpError as error:
                failed = events.failed(entry.object_sid, entry.object_type, error.status, error.code, error.message)
                refused.append(failed)
                continue
            connection.tell(missed)
            connection.tell([result], body.correlation_id)
        connection.tell(refused, body.correlation_id)
        if wants:
            await self._subscriber.establish(connection, wants, body.correlation_id)

    def _cancel(self, connection: Connection, body: _Subscriptions) -> None:
        refs: list[Ref] = []
        for entry in body.requests:
            if (ref := _ref(entry)) is not None:
                refs.append(ref)
            else:
                self._commands.unsubscribe(connection, entry.object_sid)
        self._subscriber.cancel(connection, refs)
        done = [events.canceled(entry.object_sid, entry.object_type) for entry in body.requests]
        connection.tell(done, body.correlation_id)


async def _refuse(call: Call) -> SdkResponse:
    """Clients do not write what chat shows."""
    raise access.forbidden()


def _type(entry: _Object) -> ObjectType:
    try:
        return ObjectType(entry.object_type)
    except ValueError:
        raise bad_request("object_type must be document, list or map") from None


def _ref(entry: _Object) -> Ref | None:
    return parse(entry.object_sid, _type(entry))
