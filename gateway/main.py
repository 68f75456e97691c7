"""Builds and closes one gateway node. START HERE: read `run` from top to bottom."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence

import uvicorn
import uvloop
from starlette.types import ASGIApp

from chatcore import config, scrape, siblings
from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.keys import KeyRing, SealedSecret, ServiceAccounts
from chatcore.auth.secrets import SecretBox
from chatcore.auth.signing import AuthTokens
from chatcore.auth.tokens import TokenVerifier
from chatcore.blobs.store import ObjectBlobs
from chatcore.broker.bell import Bell
from chatcore.broker.opening import broker_at
from chatcore.commands.chat import build
from chatcore.commands.media import Media
from chatcore.commands.rates import Rates
from chatcore.config import Settings
from chatcore.domain.errors import ChatError
from chatcore.domain.ids import AccountSid, KeySid, ServiceSid
from chatcore.ports.clock import SystemClock
from chatcore.presence.counts import RedisCounts
from chatcore.presence.redis import RedisPresence
from chatcore.store.accounts import Accounts
from chatcore.store.keys import Keys
from chatcore.store.media_trash import MediaTrash
from chatcore.store.migrate import pending
from chatcore.store.postgres import PostgresStore
from chatcore.store.standing import Standing as StandingReader
from chatcore.store.sync import SyncReads
from chatcore.telemetry import Metrics, set_up_logging
from chatcore.webhooks.before import BeforeCalls
from chatcore.webhooks.calls import HttpCalls
from chatcore.webhooks.client import Client
from gateway.centrifuge import presence as centrifuge_presence
from gateway.centrifuge.endpoint import PATH, CentrifugeEndpoint
from gateway.centrifuge.room_services import RoomServices, RoomSettings
from gateway.http.urls import Origins
from gateway.hub.attendance import Attendance
from gateway.hub.hub import Hub
from gateway.hub.relay import Relay
from gateway.hub.standing import Standing
from gateway.media.announcing import MediaAnnouncer
from gateway.media.links import SignedLinks
from gateway.media.room import MediaRoom
from gateway.node import CommandCounts, Condition, DeliveryTimes, Gauges, Measured, NearFirst, SocketCounts
from gateway.sdk.links import MediaLinks
from gateway.sockets.drain import crowded, drain
from gateway.sockets.endpoint import Endpoint, Handshake
from gateway.sockets.inbox import Inbox
from gateway.sockets.outbound import fan_out
from gateway.sockets.server import GatewayServer, SocketServer
from gateway.sockets.settings import SocketSettings
from gateway.sockets.tasks import Tasks
from gateway.token import DevelopmentKeys
from gateway.twilsock import endpoint as twilsock
from gateway.twilsock import room_services as twilsock_room
from gateway.upstream import build_upstream
from gateway.urls import build_app

logger = logging.getLogger(__name__)

VERSION = "0.1.0"
COMMANDS_PATIENCE = 5.0  # seconds that commands in flight may take at the end
HTTP_PATIENCE = 5


def main() -> None:
    """Exit codes: 0 stopped, 1 failed, 78 configuration."""
    try:
        settings, notes = config.load(os.environ, need=("CHAT_POSTGRES_DSN", "CHAT_REDIS_URL", "CHAT_SECRET_KEY"))
    except config.ConfigError as error:
        sys.stderr.writelines(f"configuration: {mistake}\n" for mistake in error.mistakes)
        sys.exit(config.EXIT_CONFIG)
    set_up_logging(settings.log_level, settings.log_format, node=settings.handed_down.node)
    for note in notes:
        logger.info("%s", note, extra={"action": "configuration"})
    # Connections are many and live long: full collections must be rare, and the others short.
    gc.set_threshold(10_000, 50, 50)
    try:
        uvloop.run(run(settings))
    except config.ConfigError as error:
        for mistake in error.mistakes:
            logger.error("configuration: %s", mistake, extra={"action": "configuration"})
        sys.exit(config.EXIT_CONFIG)
    except ChatError as error:
        logger.error("Cannot start: %s", error.message, extra={"action": "start_failed"})
        sys.exit(1)


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Resources are opened in order and closed in reverse."""
    clock, metrics = SystemClock(), Metrics()
    node = settings.handed_down.node
    async with contextlib.AsyncExitStack() as stack:
        store = await PostgresStore.open(settings.postgres.dsn, max_size=settings.postgres.pool_size)
        stack.push_async_callback(store.close)
        broker = broker_at(settings.redis, node=node)
        await broker.open()
        stack.push_async_callback(broker.close)
        presence = RedisPresence(settings.redis, clock=clock)
        with contextlib.suppress(ConnectionError):
            await presence.open()
        stack.push_async_callback(presence.close)

        shared_counts = RedisCounts(settings.redis)
        stack.push_async_callback(shared_counts.close)
        rates = Rates(
            clock,
            channel=settings.rates.channel,
            service=settings.rates.service,
            shared=shared_counts,
            on_limited=lambda limit: metrics.rate_limited.labels(limit).inc(),
        )
        measured = Measured(broker, metrics)
        publisher = NearFirst(measured)
        bell = Bell(settings.redis, node=node)
        keys, box = Keys(store.pool, SealedSecret), SecretBox(settings.secret_keys)
        ring = KeyRing(keys, box, clock)
        client = await stack.enter_async_context(Client(allow_private=settings.webhooks_may_call_private))
        hook = BeforeCalls(
            HttpCalls(client, AuthTokens(keys, box, clock).of),
            lambda actor: chat.services.settings(actor),
            clock,
            lambda outcome: metrics.webhook.labels(outcome).inc(),
        )
        chat = build(
            store,
            publisher,
            clock,
            hook,
            rates,
            limit_ceiling=settings.rates.limit_ceiling,
            safe=PushSecretSafe(box),
            ring=bell.ring,
        )

        hub = Hub(fan_out, DeliveryTimes(metrics, clock).delivered)
        attendance = Attendance(presence, publisher, clock, changed=chat.users.tell_reachability)
        standing = Standing(StandingReader(store.pool))
        relay = Relay(
            hub,
            broker,
            chat.history,
            clock,
            on_repair=lambda cause: metrics.gap_repairs.labels(cause).inc(),
            on_restored=attendance.announce,
        )
        publisher.receive = relay.receive
        broker.answer(lambda topic, question: centrifuge_presence.answer(hub, topic, question))
        stack.push_async_callback(attendance.withdraw_all)
        tasks = await stack.enter_async_context(Tasks())
        endpoints: dict[str, Endpoint] = {}
        sockets = SocketServer(endpoints, _socket_settings(settings), SocketCounts(metrics))
        stack.callback(sockets.stop)
        tokens, counts = TokenVerifier(ring, ServiceAccounts(keys, clock), clock), CommandCounts(metrics)
        blobs = await ObjectBlobs.open(settings.media.url)
        files = MediaRoom(
            media=Media(store, blobs, MediaTrash(store.pool), chat.services, clock),
            services=chat.services,
            links=SignedLinks(settings.secret_keys, clock),
            tokens=tokens,
            clock=clock,
            origins=settings.listen.sdk_origins,
        )
        room = RoomServices(
            chat=chat,
            hub=hub,
            relay=relay,
            attendance=attendance,
            standing=standing,
            tokens=tokens,
            ask=broker.ask,
            clock=clock,
            settings=_room_settings(settings),
            start=tasks.start,
            count=counts.count,
            media=MediaAnnouncer(files),
        )
        origins = Origins([str(n) for n in settings.listen.trusted_proxies], settings.listen.public_url)
        endpoints[PATH] = CentrifugeEndpoint(
            room,
            _origins(settings),
            lambda link, handle: Inbox(link, tasks, handle),
            public_url=lambda handshake: _public_url(origins, handshake),
        )
        sdk_room = twilsock_room.RoomServices(
            chat=chat,
            attendance=attendance,
            standing=standing,
            tokens=tokens,
            upstream=build_upstream(
                chat=chat,
                reads=SyncReads(store.pool),
                hub=hub,
                relay=relay,
                clock=clock,
                online=attendance.online,
                start=tasks.start,
                media=MediaLinks(public_url=settings.listen.public_url, prefix=settings.media.link_prefix or ""),
                count=counts.count,
            ),
            clock=clock,
            settings=twilsock_room.RoomSettings(
                command_rate=settings.rates.connection, command_burst=settings.rates.connection_burst
            ),
            start=tasks.start,
            count=counts.count,
        )
        endpoints[twilsock.PATH] = twilsock.TwilsockEndpoint(
            sdk_room, settings.listen.sdk_origins, public_url=lambda handshake: _public_url(origins, handshake)
        )

        condition = Condition(
            store.ping, broker.ping, lambda: pending(settings.postgres.dsn), lambda: sockets.draining, clock
        )
        gauges = Gauges(metrics, hub, sockets, (counts, measured), lambda: broker.servers)
        app = build_app(
            chat=chat,
            credentials=ring,
            keys=ring,
            services=keys,
            accounts=Accounts(store.pool),
            clock=clock,
            origins=origins,
            account_limit=settings.rates.account,
            on_limited=lambda: metrics.rate_limited.labels("account").inc(),
            development=_development(settings),
            readiness=_all_workers(settings, condition.reasons),
            metrics=_all_metrics(settings, gauges.render),
            online=attendance.online,
            media=files,
        )
        if settings.listen.metrics_port and settings.handed_down.siblings is None:
            port = settings.listen.metrics_port
            await stack.enter_async_context(await scrape.serve(settings.listen.host, port, gauges.render))
        server = GatewayServer(_uvicorn(settings, app, sockets), on_drain=lambda: _drain(settings, sockets, tasks))
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(broker.run(), name="broker"),
                group.create_task(relay.run(), name="relay"),
                group.create_task(attendance.run(), name="attendance"),
                group.create_task(attendance.tell(), name="reachability"),
                group.create_task(standing.run(), name="standing"),
                group.create_task(rates.run(), name="rates"),
                group.create_task(bell.run(), name="bell"),
                group.create_task(chat.run(), name="batches"),
            ]
            group.create_task(_report_ready(settings, server, gauges, condition), name="ready")
            await server.serve(_listeners(settings))
            for task in background:
                task.cancel()
    logger.info("Node stopped", extra={"action": "stopped"})


def _public_url(origins: Origins, handshake: Handshake) -> str:
    """The base under which a client of this upgrade reaches the node over plain HTTP."""
    headers = [(name.encode(), value.encode("latin-1", "replace")) for name, value in handshake.headers.items()]
    scheme = "https" if handshake.secure else "http"
    return origins.public({"scheme": scheme, "headers": headers, "client": (handshake.client, 0)}).url


def _socket_settings(settings: Settings) -> SocketSettings:
    sockets = settings.sockets
    return SocketSettings(
        ping_interval=sockets.ping_interval,
        pong_timeout=sockets.pong_timeout,
        outbound_limit=sockets.outbound_limit,
        max_connections=sockets.max_connections,
        connect_rate=sockets.connect_rate,
        compression=sockets.compression,
    )


def _room_settings(settings: Settings) -> RoomSettings:
    return RoomSettings(
        ping_interval=max(1, round(settings.sockets.ping_interval)),
        command_rate=settings.rates.connection,
        command_burst=settings.rates.connection_burst,
        version=VERSION,
    )


def _origins(settings: Settings) -> Sequence[str]:
    listen = settings.listen
    if listen.allowed_origins is not None:
        return listen.allowed_origins
    return ("http://localhost:*", "http://localhost", "http://127.0.0.1:*") if listen.dev else ()


def _development(settings: Settings) -> DevelopmentKeys | None:
    """What `GET /token` signs with; only in development, and only where the supervisor handed the keys down."""
    first = settings.bootstrap
    if not settings.dev or not (first.account_sid and first.api_key_sid and first.api_key_secret and first.service_sid):
        return None
    return DevelopmentKeys(
        account_sid=AccountSid(first.account_sid),
        key_sid=KeySid(first.api_key_sid),
        secret=first.api_key_secret,
        service_sid=ServiceSid(first.service_sid),
    )


def _all_workers(settings: Settings, own: Callable[[], Awaitable[list[str]]]) -> Callable[[], Awaitable[list[str]]]:
    """Readiness of every worker behind the port."""
    handed_down = settings.handed_down
    folder = handed_down.siblings
    if folder is None:
        return own
    return lambda: siblings.reasons_not_ready(folder, handed_down.workers)


def _all_metrics(settings: Settings, own: Callable[[], Awaitable[bytes]]) -> Callable[[], Awaitable[bytes]]:
    folder = settings.handed_down.siblings
    return own if folder is None else lambda: siblings.merged_metrics(folder)


def _uvicorn(settings: Settings, app: ASGIApp, sockets: SocketServer) -> uvicorn.Config:
    listen = settings.listen
    return uvicorn.Config(
        app,
        host=listen.host,
        port=listen.port,
        ws=sockets.protocol,  # type: ignore[arg-type]  # uvicorn calls it and asks for no more than that
        http="httptools",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=HTTP_PATIENCE,
        ssl_certfile=listen.tls_cert,
        ssl_keyfile=listen.tls_key,
        backlog=4096,
    )


def _listeners(settings: Settings) -> list[socket.socket] | None:
    """Workers share their port; a lone node leaves the listening to uvicorn."""
    listen = settings.listen
    if settings.handed_down.siblings is None:
        return None
    listener = socket.socket(socket.AF_INET6 if ":" in listen.host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((listen.host, listen.port))
    listener.setblocking(False)
    return [listener]


async def _report_ready(settings: Settings, server: GatewayServer, gauges: Gauges, condition: Condition) -> None:
    """Tells the supervisor the port once the node answers, and its siblings how to ask it."""
    while not server.started:
        if server.should_exit:
            return
        await asyncio.sleep(0.01)
    while reasons := await condition.reasons():
        logger.info("Waiting: %s", "; ".join(reasons), extra={"action": "not_ready"})
        await asyncio.sleep(0.2)
    handed_down = settings.handed_down
    port = server.port
    if handed_down.siblings is not None:
        await siblings.SiblingServer(
            handed_down.siblings, handed_down.node, metrics=gauges.render, readiness=condition.text
        ).start()
    if handed_down.ready_fd is not None:
        with os.fdopen(handed_down.ready_fd, "w") as pipe:
            pipe.write(json.dumps({"ready": {"port": port}}) + "\n")
    # What lives now lives on: the collector need not look at it again and again.
    gc.collect()
    gc.freeze()
    logger.info("Node is ready on port %d", port, extra={"action": "ready"})


async def _drain(settings: Settings, sockets: SocketServer, tasks: Tasks) -> None:
    """Sends clients to other nodes while REST is still served."""
    sockets.draining = True
    logger.info("Draining %d connections", len(sockets.connections), extra={"action": "draining"})
    many = crowded(len(sockets.connections), settings.listen.drain_time)
    await drain(sockets.connections, settings.listen.drain_time, lambda link: link.drain(crowded=many))
    await sockets.idle(COMMANDS_PATIENCE)
    await tasks.idle(COMMANDS_PATIENCE)
