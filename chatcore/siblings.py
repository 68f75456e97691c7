"""Workers that share one port answer for each other.

Whoever asks that port for `/metrics` or `/readyz` reaches any one of them, but means all. Each worker listens on a
socket `<node>.sock` in a private folder and answers one question per connection with bytes up to the end of the stream;
the worker that was asked, or the supervisor, puts the answers together.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

_PATIENCE: Final = 2.0
"""Seconds after which a sibling counts as silent."""
_SAMPLE: Final = re.compile(rb"([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S.*)")

Answer = Callable[[], Awaitable[bytes]]


class SiblingServer:
    """This worker's socket. `metrics` answers in Prometheus text, `readiness` with one line per reason against it."""

    def __init__(self, folder: Path, node: str, *, metrics: Answer, readiness: Answer) -> None:
        self._path = folder / f"{node}.sock"
        self._answers = {b"metrics": metrics, b"readiness": readiness}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                question = (await reader.readline()).strip()
                if question in self._answers:
                    writer.write(await self._answers[question]())
                    await writer.drain()
        except (OSError, TimeoutError):
            pass  # the asker counts us as silent
        finally:
            writer.close()


async def merged_metrics(folder: Path) -> bytes:
    """Prometheus text of all workers, each sample with its worker's name as label `node`."""
    return merge_metrics(
        {node: text for node, text in (await _ask_all(folder, b"metrics")).items() if text is not None}
    )


async def reasons_not_ready(folder: Path, workers: int) -> list[str]:
    """Empty when all workers are there and ready."""
    answers = await _ask_all(folder, b"readiness")
    reasons = [f"{node}: does not answer" for node, text in answers.items() if text is None]
    for node, text in answers.items():
        reasons += [f"{node}: {line}" for line in (text or b"").decode().splitlines()]
    if len(answers) < workers:
        reasons.append(f"{len(answers)} of {workers} workers run")
    return reasons


def merge_metrics(texts: Mapping[str, bytes]) -> bytes:
    """One text out of several: each family described once, with the samples of every node."""
    described: dict[bytes, list[bytes]] = {}
    samples: dict[bytes, list[bytes]] = {}
    for node, text in texts.items():
        label = b'node="' + node.replace("\\", "\\\\").replace('"', '\\"').encode() + b'"'
        family = b""
        for line in text.splitlines():
            if line.startswith((b"# HELP ", b"# TYPE ")):
                family = line.split(b" ", 3)[2]
                known = described.setdefault(family, [])
                if line not in known:
                    known.append(line)
            elif match := _SAMPLE.fullmatch(line):
                labels = label + b"," + match[2] if match[2] else label
                samples.setdefault(family, []).append(match[1] + b"{" + labels + b"} " + match[3])
    lines = [line for family, head in described.items() for line in (*head, *samples.get(family, ()))]
    return b"\n".join(lines) + b"\n" if lines else b""


async def _ask_all(folder: Path, question: bytes) -> dict[str, bytes | None]:
    """Each node's answer; None from those that do not answer in time."""
    sockets = sorted(folder / name for name in os.listdir(folder) if name.endswith(".sock"))
    answers = await asyncio.gather(*(_ask(socket, question) for socket in sockets))
    return {socket.stem: answer for socket, answer in zip(sockets, answers, strict=True)}


async def _ask(socket: Path, question: bytes) -> bytes | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                writer.write(question + b"\n")
                return await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return None
