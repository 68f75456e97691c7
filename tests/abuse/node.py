"""The node that is abused, as its operator sees it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.support.cluster import Cluster
from tests.support.lone_gateway import http_client
from tests.support.patience import PATIENCE

from .target import Figures, Target

NAME = "gateway-1"
GROWTH = 64 << 20
"""Bytes by which the gateway may be larger after an abuse than before: allocators keep what they had."""

_SPARE_FILES = 16  # pools of connections to the servers grow with use


class Node(Target):
    def __init__(self, cluster: Cluster, http: httpx.AsyncClient) -> None:
        super().__init__(cluster.url, http)
        self.cluster = cluster

    @property
    def pid(self) -> int:
        return self.cluster.pid_of(NAME)

    def complaints(self, since: int) -> list[str]:
        """Log lines of level error, and whatever is no log line, behind the first `since` characters."""
        found = []
        for line in self.cluster.output()[since:].splitlines():
            try:
                level = json.loads(line)["level"]
            except (ValueError, KeyError, TypeError):
                level = "ERROR"
            if level in ("ERROR", "CRITICAL"):
                found.append(line)
        return found

    @asynccontextmanager
    async def unharmed(self, growth: int = GROWTH) -> AsyncIterator[None]:
        """What happens in the block leaves the node as it was: the same process, healthy, with as many connections and
        files, hardly larger, and nothing in its log that an operator has to look at."""
        pid, log, before = self.pid, len(self.cluster.output()), await self.figures()
        yield
        for path in ("/healthz", "/readyz"):
            assert (await self.http.get(path)).status_code == 200
        assert self.pid == pid
        assert not self.complaints(log), self.complaints(log)[:5]
        after = await self.figures()
        deadline = time.monotonic() + PATIENCE
        while what := _left_over(before, after):
            assert time.monotonic() < deadline, what
            await asyncio.sleep(0.1)
            after = await self.figures()
        assert after.memory - before.memory < growth, f"{(after.memory - before.memory) / (1 << 20):.0f} MiB more"


def _left_over(before: Figures, after: Figures) -> str:
    for protocol in ("centrifuge", "twilsock"):
        label = f'protocol="{protocol}"'
        if after.sum("chat_connections", label) != before.sum("chat_connections", label):
            return f"connections of {protocol}"
    if after.sum("chat_outbound_bytes"):
        return "bytes for readers"
    return "open files" if after.files > before.files + _SPARE_FILES else ""


@asynccontextmanager
async def node_of(cluster: Cluster) -> AsyncIterator[Node]:
    async with http_client(cluster.url) as http:
        yield Node(cluster, http)
