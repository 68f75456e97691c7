"""Builds and closes one worker process. START HERE."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from datetime import timedelta

from chatcore import config, scrape
from chatcore.config import Settings
from chatcore.domain.errors import ChatError
from chatcore.store.maintenance import Maintenance
from chatcore.store.postgres import PostgresStore
from chatcore.telemetry import Metrics, set_up_logging
from push.worker import Worker

logger = logging.getLogger(__name__)


def main() -> None:
    """Exit codes: 0 stopped, 1 failed, 78 configuration."""
    try:
        settings, notes = config.load(os.environ, need=("CHAT_POSTGRES_DSN", "CHAT_REDIS_URL"))
    except config.ConfigError as error:
        sys.stderr.writelines(f"configuration: {mistake}\n" for mistake in error.mistakes)
        sys.exit(config.EXIT_CONFIG)
    set_up_logging(settings.log_level, settings.log_format, node=settings.handed_down.node)
    for note in notes:
        logger.info("%s", note, extra={"action": "configuration"})
    try:
        asyncio.run(run(settings))
    except ChatError as error:
        logger.error("Cannot start: %s", error.message, extra={"action": "start_failed"})
        sys.exit(1)


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    metrics = Metrics()
    async with contextlib.AsyncExitStack() as stack:
        store = await PostgresStore.open(settings.postgres.dsn, min_size=1, max_size=2)
        stack.push_async_callback(store.close)
        events = settings.events
        retention = timedelta(seconds=events.retention)
        worker = Worker(Maintenance(store.pool), metrics, retention=retention, keep=events.limit)
        if settings.listen.metrics_port:

            async def render() -> bytes:
                return metrics.render()

            listen = settings.listen
            await stack.enter_async_context(await scrape.serve(listen.host, listen.metrics_port, render))
        async with asyncio.TaskGroup() as group:
            working = group.create_task(worker.run(), name="worker")
            _report_ready(settings)
            await stopping.wait()
            working.cancel()
    logger.info("Worker stopped", extra={"action": "stopped"})


def _report_ready(settings: Settings) -> None:
    """Tells the supervisor, if there is one."""
    if settings.handed_down.ready_fd is not None:
        with os.fdopen(settings.handed_down.ready_fd, "w") as pipe:
            pipe.write(json.dumps({"ready": {"pid": os.getpid()}}) + "\n")
    logger.info("Worker is ready", extra={"action": "ready"})
