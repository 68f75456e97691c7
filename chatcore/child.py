"""One child process: in a process group of its own, gone when its parent is gone, heard over a pipe.

Built on `subprocess.Popen` and a pidfd rather than asyncio's subprocess transports, so that a child is not tied to the
event loop that started it.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

_PR_SET_PDEATHSIG: Final = 1
_POLL: Final = 0.05
"""Seconds between looks at a child where the kernel offers no pidfd."""


class ChildExited(Exception):
    """The child ended before it was ready; `code` is its exit code (negative: the signal)."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name} ended with {describe_exit(code)} before it was ready")
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The user that a child runs as."""

    uid: int
    gid: int


class Child:
    """A started process. Start from the main thread only: Linux ties the death signal to the starting thread."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        account: Account | None = None,
        output: IO[bytes] | None = None,
        reports_ready: bool = False,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        """`output` takes standard output and error (ours by default); `death_signal` is sent to the child if we die.

        With `reports_ready` the child finds a descriptor number in CHAT_READY_FD, on which it writes one JSON line.
        """
        self.name = name
        self._reader: int | None = None
        environ = dict(env)
        writer: int | None = None
        if reports_ready:
            self._reader, writer = os.pipe()
            environ["CHAT_READY_FD"] = str(writer)
        try:
            self._process = subprocess.Popen(
                list(argv),
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=() if writer is None else (writer,),
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                # Ctrl-C on a terminal reaches the whole foreground group; the parent alone decides who stops when.
                process_group=0,
                preexec_fn=_dies_with_parent(death_signal),
            )
        except BaseException:
            if self._reader is not None:
                os.close(self._reader)
            raise
        finally:
            if writer is not None:
                os.close(writer)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    async def ready(self, deadline: float) -> dict[str, object]:
        """The JSON object that the child reported. Raises ChildExited, or TimeoutError after `deadline` seconds."""
        if self._reader is None:
            raise AssertionError("a child's readiness is read once, and only if it reports it")
        reader, self._reader = self._reader, None
        try:
            async with asyncio.timeout(deadline):
                line = await _read_line(reader)
        finally:
            os.close(reader)
        if not line:
            raise ChildExited(self.name, await self.wait())
        message = json.loads(line)
        report = message.get("ready") if isinstance(message, dict) else None
        return report if isinstance(report, dict) else {}

    async def wait(self) -> int:
        """Its exit code, once it has ended; may be awaited by several at a time."""
        loop = asyncio.get_running_loop()
        while self._process.poll() is None:
            try:
                descriptor = os.pidfd_open(self.pid)
            except (AttributeError, OSError):
                await asyncio.sleep(_POLL)
                continue
            ended = loop.create_future()
            loop.add_reader(descriptor, _set, ended)
            try:
                await ended
            finally:
                loop.remove_reader(descriptor)
                os.close(descriptor)
        return self._process.returncode

    def send(self, number: signal.Signals) -> None:
        """Does nothing if it has already ended."""
        self._process.send_signal(number)

    async def stop(self, *steps: tuple[signal.Signals, float]) -> int:
        """Sends each signal in turn, with the seconds it has to work; at the end SIGKILL. Returns the exit code."""
        for number, grace in steps:
            self.send(number)
            try:
                async with asyncio.timeout(grace):
                    return await self.wait()
            except TimeoutError:
                continue
        self.send(signal.SIGKILL)
        return await self.wait()

    def close(self) -> None:
        """Kills it at once if it still runs, without an event loop. For the way out of a crash."""
        if self._reader is not None:
            os.close(self._reader)
            self._reader = None
        if self.running:
            self._process.kill()
            self._process.wait()


def describe_exit(code: int) -> str:
    """`exit code 1`, `SIGKILL`."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


async def _read_line(descriptor: int) -> bytes:
    """The first line, or b"" when the other end closes before one is complete."""
    loop = asyncio.get_running_loop()
    os.set_blocking(descriptor, False)
    received = b""
    while b"\n" not in received:
        readable = loop.create_future()
        loop.add_reader(descriptor, _set, readable)
        try:
            await readable
        finally:
            loop.remove_reader(descriptor)
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return b""
        received += chunk
    return received.partition(b"\n")[0]


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What the child runs between fork and exec. After the change of user, which would clear the death signal again."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before the call: the signal will never come
            os._exit(1)

    return in_child
