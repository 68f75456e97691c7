"""Builds and closes one worker process. START HERE."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import secrets
import signal
import sys
from datetime import timedelta

from chatcore import config, scrape
from chatcore.auth.credentials import PushSecretSafe
from chatcore.auth.keys import SealedSecret
from chatcore.auth.secrets import SecretBox
from chatcore.auth.signing import AuthTokens
from chatcore.blobs.store import ObjectBlobs
from chatcore.broker.bell import Bell
from chatcore.broker.opening import broker_at
from chatcore.commands.chat import build
from chatcore.commands.media import MediaHousekeeping
from chatcore.commands.rates import Rates
from chatcore.config import Settings
from chatcore.domain.errors import ChatError
from chatcore.domain.jobs import JobKind
from chatcore.ports.clock import SystemClock
from chatcore.ports.hooks import NullHook
from chatcore.presence.sent import RedisSentNotes
from chatcore.presence.shared import RedisShared
from chatcore.presence.whereabouts import RedisWhereabouts
from chatcore.store.keys import Keys
from chatcore.store.maintenance import Maintenance
from chatcore.store.media_trash import MediaTrash
from chatcore.store.outbox import Queue
from chatcore.store.postgres import PostgresStore
from chatcore.store.pushes import Pushes, PushLog
from chatcore.telemetry import Metrics, set_up_logging
from chatcore.webhooks.calls import HttpCalls
from chatcore.webhooks.client import Client
from push import timers
from push.badges import Badges
from push.budget import Budget
from push.counting import Counting
from push.dispatch import Dispatch
from push.fanout import Desk, FanOut, Rules
from push.housekeeping import Housekeeping, every
from push.messaging import Deliveries, RecordingGateway
from push.providers.apns import Apns
from push.providers.fcm import Fcm
from push.providers.recording import Recording
from push.providers.sending import Sending
from push.reachability import Reachability
from push.recent import Recent
from push.retries import Retries
from push.timers import Timers
from push.vault import Vault
from push.webhooks import PostEvents
from push.worker import Worker

logger = logging.getLogger(__name__)


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
    try:
        asyncio.run(run(settings))
    except config.ConfigError as error:
        for mistake in error.mistakes:
            logger.error("configuration: %s", mistake, extra={"action": "configuration"})
        sys.exit(config.EXIT_CONFIG)
    except ChatError as error:
        logger.error("Cannot start: %s", error.message, extra={"action": "start_failed"})
        sys.exit(1)


MEDIA_SECONDS = 30.0
"""Between two looks for files that nobody can see any more."""
DEVICES_SECONDS = 3600.0
DEVICES = 1000
"""Forgotten ones that are removed at once, and seconds between two looks for them."""
LOG_SECONDS = 600.0
"""Between two looks for lines of the push log that are too old."""


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Resources are opened in order and closed in reverse."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    clock, metrics, node = SystemClock(), Metrics(), settings.handed_down.node
    async with contextlib.AsyncExitStack() as stack:
        store = await PostgresStore.open(settings.postgres.dsn, min_size=1, max_size=settings.postgres.pool_size)
        stack.push_async_callback(store.close)
        broker = broker_at(settings.redis, node=node)
        await broker.open()
        stack.push_async_callback(broker.close)
        client = await stack.enter_async_context(Client(allow_private=settings.webhooks_may_call_private))

        rates = Rates(clock, channel=0, service=0)  # what the server does itself is not rationed
        chat = build(
            store,
            broker,
            clock,
            NullHook(),
            rates,
            limit_ceiling=settings.rates.limit_ceiling,
            ring=lambda: worker.wake(),
        )
        blobs = await ObjectBlobs.open(settings.media.url)
        files = MediaHousekeeping(blobs, MediaTrash(store.pool), clock)
        tokens = AuthTokens(Keys(store.pool, SealedSecret), SecretBox(settings.secret_keys), clock)
        name = f"{node}-{secrets.token_hex(4)}"
        notes, shared = RedisSentNotes(settings.redis), RedisShared(settings.redis)
        stack.push_async_callback(notes.close)
        stack.push_async_callback(shared.close)
        whereabouts = RedisWhereabouts(settings.redis, clock=clock)
        stack.push_async_callback(whereabouts.close)
        pushes, counting = Pushes(store.pool, name), Counting(metrics)
        reachability = Reachability(pushes, chat.devices.tell_notifiable)
        sending = _sending(settings, shared, reachability, counting)
        stack.push_async_callback(sending.aclose)
        desk = Desk(
            pushes=pushes,
            service=Recent(store.read.services.find).get,
            whereabouts=whereabouts,
            notes=notes,
            dispatch=Dispatch(
                sending,
                Vault(pushes.credential, PushSecretSafe(SecretBox(settings.secret_keys)).open),
                pushes,
                counting,
                accepted=lambda job, push: notes.note(job, push.recipient.binding_sid),
                reachability=reachability,
                budget=Budget(settings.push.concurrency, patience=settings.push.timeout),
            ),
            counting=counting,
            rules=Rules(
                ttl=settings.push.ttl, skip_online=settings.push.online == "skip", recheck=settings.push.recheck
            ),
            stopping=stopping,
        )
        log = PushLog(store.pool)
        worker = Worker(
            Queue(store.pool, name),
            [
                FanOut(desk),
                FanOut(desk, JobKind.RECHECK),
                Retries(desk),
                Badges(desk),
                PostEvents(
                    HttpCalls(client, tokens.of),
                    chat.services.settings,
                    store.read.channel_webhooks,
                    lambda outcome: metrics.webhook.labels(outcome).inc(),
                ),
                Deliveries(RecordingGateway()),
            ],
            poll=settings.push.poll,
            died=lambda kind: metrics.outbox_dead.labels(kind).inc(),
        )
        bell = Bell(settings.redis, node=node, heard=worker.wake)
        retention = timedelta(seconds=settings.events.retention)
        housekeeping = Housekeeping(Maintenance(store.pool), metrics, retention=retention, keep=settings.events.limit)
        if settings.listen.metrics_port:

            async def render() -> bytes:
                return metrics.render()

            listen = settings.listen
            await stack.enter_async_context(await scrape.serve(listen.host, listen.metrics_port, render))
        async with asyncio.TaskGroup() as group:
            background = [
                group.create_task(broker.run(), name="broker"),
                group.create_task(bell.run(), name="bell"),
                group.create_task(housekeeping.run(), name="housekeeping"),
                group.create_task(every(timers.SECONDS, Timers(chat.channels).step), name="timers"),
                group.create_task(every(MEDIA_SECONDS, files.step), name="media"),
                group.create_task(notes.run(), name="push notes"),
                group.create_task(every(LOG_SECONDS, log.forget), name="push log"),
                group.create_task(every(DEVICES_SECONDS, lambda: chat.devices.purge(DEVICES)), name="devices"),
            ]
            _report_ready(settings)
            await worker.run(stopping)
            for task in background:
                task.cancel()
    logger.info("Worker stopped", extra={"action": "stopped"})


def _sending(settings: Settings, shared: RedisShared, reachability: Reachability, counting: Counting) -> Sending:
    push = settings.push
    if push.record is not None:
        logger.warning("Pushes are written to %s and not sent", push.record, extra={"action": "pushes_recorded"})
        return Sending([Recording(push.record)])
    apns = Apns(
        shared=shared,
        url=push.apns_url,
        ca_file=push.apns_ca_file,
        connections=push.apns_connections,
        concurrency=push.concurrency,
        timeout=push.timeout,
        observer=counting,
    )
    fcm = Fcm(
        url=push.fcm_url,
        token_url=push.fcm_token_url,
        ca_file=push.fcm_ca_file,
        connections=push.fcm_connections,
        concurrency=push.concurrency,
        timeout=push.timeout,
        observer=counting,
    )

    return Sending([apns, fcm], quota=shared, restore=reachability.restore, paused=counting.paused)


def _report_ready(settings: Settings) -> None:
    """Tells the supervisor, if there is one."""
    if settings.handed_down.ready_fd is not None:
        with os.fdopen(settings.handed_down.ready_fd, "w") as pipe:
            pipe.write(json.dumps({"ready": {"pid": os.getpid()}}) + "\n")
    logger.info("Worker is ready", extra={"action": "ready"})
