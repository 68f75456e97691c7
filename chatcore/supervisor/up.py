"""`chatcore up`: the whole product under one supervisor.

Start: embedded servers → migrations → first account, key and service → gateways and push worker → ready block. Stop is
the same list backwards. In between, whatever ends is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from chatcore import env
from chatcore.auth.secrets import SecretUnreadableError
from chatcore.child import ChildExited
from chatcore.config import EXIT_CONFIG, HANDED_DOWN, Settings
from chatcore.domain.errors import ChatError
from chatcore.embedded.folders import BOOTSTRAP_FILE, SECRET_KEY_FILE, DataDir
from chatcore.embedded.postgres import EmbeddedPostgres
from chatcore.embedded.valkey import EmbeddedValkey
from chatcore.store.migrate import migrate
from chatcore.supervisor import ready
from chatcore.supervisor.administration import administration
from chatcore.supervisor.errors import SupervisorError
from chatcore.supervisor.parts import Part, ProcessPart, keep_alive, start_together
from chatcore.supervisor.probe import until_ready
from chatcore.supervisor.stopping import until_asked_to_stop

_log = logging.getLogger(__name__)

_PATIENCE: Final = 60.0
"""Seconds a process may take until it is ready."""
_PUSH_GRACE: Final = 30.0
_DRAIN_MARGIN: Final = 10.0


class Up:
    """One run of the product. `run` returns the exit code of the command."""

    def __init__(self, settings: Settings, environ: Mapping[str, str]) -> None:
        self._settings = settings
        self._environ = environ
        self._data = DataDir(settings.data_dir)
        self._parts: dict[str, Part] = {}
        self._gateways: list[ProcessPart] = []

    async def run(self) -> int:
        """Until SIGTERM or SIGINT, which give 0. A second signal stops waiting for clients."""
        if not self._data.lock():
            raise SupervisorError(
                f"{self._data.path} is in use by another `chatcore up`; stop it, or set CHAT_DATA_DIR to another folder"
            )
        try:
            with until_asked_to_stop(self._hurry):
                async with contextlib.AsyncExitStack() as stack:
                    stack.callback(self._data.remove, "processes.json")
                    await self._start(stack)
                    async with asyncio.TaskGroup() as keepers:
                        for name, part in self._parts.items():
                            keepers.create_task(keep_alive(name, part, self._write_processes), name=name)
        except ChildExited as error:
            if error.code != EXIT_CONFIG:
                raise SupervisorError(str(error)) from error
            return EXIT_CONFIG
        finally:
            self._data.unlock()
        return 0

    async def _start(self, stack: contextlib.AsyncExitStack) -> None:
        shared = await self._start_servers(stack)
        await migrate(shared["CHAT_POSTGRES_DSN"])
        identifiers = await self._bootstrap(shared)
        self._add_processes(shared, identifiers)
        push = self._parts["push"]
        stack.push_async_callback(push.stop)
        stack.push_async_callback(self._stop_gateways)
        await start_together([push, *self._gateways])
        nodes = [self._pin_port(gateway) for gateway in self._gateways]
        await asyncio.gather(*(until_ready(node, _PATIENCE) for node in nodes))
        self._write_processes()
        self._announce(nodes, identifiers)

    async def _start_servers(self, stack: contextlib.AsyncExitStack) -> dict[str, str]:
        """Settings that every child shares; starts the servers that no setting names."""
        settings = self._settings
        shared = {
            "CHAT_DEV": "1" if settings.dev else "0",
            "CHAT_DATA_DIR": str(self._data.path),
            "CHAT_SECRET_KEY": ",".join(settings.secret_keys) or self._data.secret(SECRET_KEY_FILE),
        }
        if settings.redis_url is not None:
            shared["CHAT_REDIS_URL"] = settings.redis
        else:
            self._parts["valkey"] = valkey = EmbeddedValkey(self._data)
            stack.push_async_callback(valkey.stop)
            shared["CHAT_REDIS_URL"] = await valkey.start()
        if settings.postgres_dsn is not None:
            shared["CHAT_POSTGRES_DSN"] = settings.postgres.dsn
        else:
            self._parts["postgres"] = postgres = EmbeddedPostgres(self._data)
            stack.push_async_callback(postgres.stop)
            shared["CHAT_POSTGRES_DSN"] = await postgres.start()
        return shared

    async def _bootstrap(self, shared: Mapping[str, str]) -> dict[str, str]:
        """The first account, key and service: given, or remembered from the first start, or made up now."""
        remembered: dict[str, str] = json.loads(self._data.read(BOOTSTRAP_FILE) or "{}")
        given = {name: value for name, value in asdict(self._settings.bootstrap).items() if value is not None}
        wanted = dict.fromkeys(asdict(self._settings.bootstrap)) | remembered | given
        try:
            async with administration(shared["CHAT_POSTGRES_DSN"], shared["CHAT_SECRET_KEY"].split(",")) as admin:
                identifiers = await admin.bootstrap(**wanted)
        except SecretUnreadableError as error:
            raise SupervisorError(f"{error}: was CHAT_SECRET_KEY changed, or the data folder replaced?") from error
        except ChatError as error:
            raise SupervisorError(f"the CHAT_BOOTSTRAP_ values do not fit the database: {error.message}") from error
        if identifiers != remembered:
            self._data.write(BOOTSTRAP_FILE, json.dumps(identifiers))
        return identifiers

    def _add_processes(self, shared: dict[str, str], identifiers: Mapping[str, str]) -> None:
        settings = self._settings
        ours, _ = env.split_foreign(self._environ)
        inherited = {name: value for name, value in self._environ.items() if not name.startswith(env.PREFIX)}
        inherited |= {name: value for name, value in ours.items() if name not in HANDED_DOWN} | shared
        for number in range(settings.gateways):
            name = f"gateway-{number + 1}"
            own = {
                "CHAT_NODE": name,
                "CHAT_PORT": str(settings.port + number if settings.port else 0),
                "CHAT_METRICS_PORT": str(settings.metrics_port + number if settings.metrics_port else 0),
            }
            # The development token endpoint signs with the first key.
            own |= {f"CHAT_BOOTSTRAP_{member.upper()}": value for member, value in identifiers.items()}
            gateway = ProcessPart(
                name, "gateway", inherited | own, patience=_PATIENCE, grace=settings.drain_time + _DRAIN_MARGIN
            )
            self._gateways.append(gateway)
            self._parts[name] = gateway
        last = settings.metrics_port + settings.gateways if settings.metrics_port else 0
        own = {"CHAT_NODE": "push", "CHAT_METRICS_PORT": str(last)}
        self._parts["push"] = ProcessPart("push", "push", inherited | own, patience=_PATIENCE, grace=_PUSH_GRACE)

    def _pin_port(self, gateway: ProcessPart) -> str:
        """The gateway's URL, which it keeps when it is started again."""
        port = gateway.report.get("port")
        if not isinstance(port, int):
            raise SupervisorError(f"{gateway.name} did not say on which port it listens")
        gateway.env["CHAT_PORT"] = str(port)
        return ready.base_url(self._settings.host, port, tls=self._settings.tls_cert is not None)

    async def _stop_gateways(self) -> None:
        """All at once: each may take the whole drain time."""
        if any(gateway.pid for gateway in self._gateways):
            _log.info("stopping; clients get up to %g s", self._settings.drain_time, extra={"action": "drain"})
        await asyncio.gather(*(gateway.stop() for gateway in self._gateways))

    def _hurry(self) -> None:
        for gateway in self._gateways:
            gateway.hurry()

    def _write_processes(self) -> None:
        """`processes.json`: which process is which, for people and tests that want to end one of them."""
        self._data.write("processes.json", json.dumps({name: part.pid for name, part in self._parts.items()}))

    def _announce(self, nodes: list[str], identifiers: Mapping[str, str]) -> None:
        where = {"database": "embedded, in " + str((self._data.path / "postgres").resolve())}
        if self._settings.postgres_dsn is not None:
            where = {"database": env.masked_url(self._settings.postgres.dsn)}
        where["media"] = env.masked_url(self._settings.media.url)
        described = ready.description(nodes, identifiers, secrets=self._settings.dev)
        sys.stdout.write(ready.block(described, self._data.path, where) + "\n")
        sys.stdout.flush()
