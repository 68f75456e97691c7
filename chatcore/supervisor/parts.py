"""What a supervisor keeps alive: anything that starts, ends and can be stopped."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from chatcore.child import Child, ChildExited, describe_exit
from chatcore.embedded.errors import EmbeddedError
from chatcore.supervisor.errors import SupervisorError

_log = logging.getLogger(__name__)

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 10.0
_SETTLED: Final = 10.0
"""A part that lived this many seconds starts again without back-off."""


class Part(Protocol):
    """`start` returns once the part is ready and may be called again after it has ended; `stop` is harmless then."""

    @property
    def pid(self) -> int | None: ...

    async def start(self) -> object: ...

    async def wait(self) -> int: ...

    async def stop(self) -> None: ...


class ProcessPart:
    """A Python process of ours: `python -P -m module`, which says on its ready descriptor when it is up.

    `-P`: a folder that happens to be called `push` in the current directory is not our program.
    """

    def __init__(self, name: str, module: str, env: Mapping[str, str], *, patience: float, grace: float) -> None:
        """`patience`: seconds until ready; `grace`: seconds between SIGTERM and SIGKILL."""
        self.name = name
        self.env = dict(env)
        self.report: dict[str, object] = {}
        self._module = module
        self._patience = patience
        self._grace = grace
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running else None

    async def start(self) -> None:
        """Raises ChildExited or SupervisorError, with nothing left running."""
        child = Child(self.name, [sys.executable, "-P", "-m", self._module], env=self.env, reports_ready=True)
        self._child = child
        try:
            self.report = await child.ready(self._patience)
        except TimeoutError:
            child.close()
            raise SupervisorError(f"{self.name} is not ready after {self._patience:g} s") from None
        except BaseException:
            child.close()
            raise

    async def wait(self) -> int:
        if self._child is None:
            raise AssertionError("wait() follows start()")
        return await self._child.wait()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop((signal.SIGTERM, self._grace))

    def hurry(self) -> None:
        """A second SIGTERM: do not wait for clients any longer."""
        if self._child is not None:
            self._child.send(signal.SIGTERM)


async def start_together(parts: Iterable[Part]) -> None:
    """Starts all at once. If one fails, the others' starts are given up and its error is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(_started(part))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _started(part: Part) -> None:
    await part.start()


async def keep_alive(name: str, part: Part, changed: Callable[[], None]) -> None:
    """Starts `part` again whenever it ends, until cancelled. `changed` is called when it has a new process."""
    loop = asyncio.get_running_loop()
    pause = _FIRST_PAUSE
    while True:
        started = loop.time()
        code = await part.wait()
        if loop.time() - started >= _SETTLED:
            pause = _FIRST_PAUSE
        _log.warning("%s ended (%s), starting it again", name, describe_exit(code), extra={"action": "restart"})
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await part.start()
            except (ChildExited, EmbeddedError, SupervisorError, OSError) as error:
                _log.error("%s", error, extra={"action": "restart_failed"})
                continue
            changed()
            break
