"""`chatcore gateway --workers N`: several gateway processes behind one port, which look like one from outside.

The kernel spreads new connections over them (SO_REUSEPORT). Each is a node of its own; `/metrics` and `/readyz` are
answered for all of them, see `chatcore.siblings`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from chatcore import env, scrape, siblings
from chatcore.child import ChildExited
from chatcore.config import EXIT_CONFIG, Settings
from chatcore.supervisor.errors import SupervisorError
from chatcore.supervisor.parts import ProcessPart, keep_alive, start_together
from chatcore.supervisor.stopping import until_asked_to_stop

_log = logging.getLogger(__name__)

_PATIENCE: Final = 60.0
_DRAIN_MARGIN: Final = 10.0


async def run_workers(settings: Settings, environ: Mapping[str, str], count: int) -> int:
    """Until SIGTERM or SIGINT, which are passed on; returns the exit code of the command."""
    workers: list[ProcessPart] = []

    def hurry() -> None:
        for worker in workers:
            worker.hurry()

    try:
        with until_asked_to_stop(hurry):
            async with contextlib.AsyncExitStack() as stack:
                folder = Path(tempfile.mkdtemp(prefix="chat-"))
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
                port, held = _claim_port(settings.host, settings.port)
                stack.callback(held.close)
                shared = _inherited(environ) | {
                    "CHAT_PORT": str(port),
                    "CHAT_WORKERS": str(count),
                    "CHAT_SIBLINGS": str(folder),
                }
                grace = settings.drain_time + _DRAIN_MARGIN
                for number in range(1, count + 1):
                    name = f"{socket.gethostname()}-{port}-{number}"
                    env_of_worker = shared | {"CHAT_NODE": name}
                    workers.append(ProcessPart(name, "gateway", env_of_worker, patience=_PATIENCE, grace=grace))
                stack.push_async_callback(_stop, workers)
                await start_together(workers)
                if settings.metrics_port:
                    merged = functools.partial(siblings.merged_metrics, folder)
                    await stack.enter_async_context(await scrape.serve(settings.host, settings.metrics_port, merged))
                _report_ready(settings.ready_fd, port)
                async with asyncio.TaskGroup() as keepers:
                    for worker in workers:
                        keepers.create_task(keep_alive(worker.name, worker, lambda: None), name=worker.name)
    except ChildExited as error:
        if error.code != EXIT_CONFIG:
            raise SupervisorError(str(error)) from error
        return EXIT_CONFIG
    return 0


def _claim_port(host: str, port: int) -> tuple[int, socket.socket]:
    """The port, and a socket that holds it without listening: the kernel sends no connection to it.

    Without SO_REUSEPORT first, to find out about strangers on that port, who would silently share it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
            port = trial.getsockname()[1]
        held = socket.socket(family, socket.SOCK_STREAM)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind((host, port))
    except OSError as error:
        raise SupervisorError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return port, held


def _inherited(environ: Mapping[str, str]) -> dict[str, str]:
    ours, _ = env.split_foreign(environ)
    return {name: value for name, value in environ.items() if not name.startswith(env.PREFIX)} | ours


async def _stop(workers: list[ProcessPart]) -> None:
    await asyncio.gather(*(worker.stop() for worker in workers))


def _report_ready(descriptor: int | None, port: int) -> None:
    if descriptor is not None:
        os.write(descriptor, json.dumps({"ready": {"port": port}}).encode() + b"\n")
        os.close(descriptor)
