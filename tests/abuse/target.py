"""The node that is abused, as anybody sees it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.support.lone_gateway import http_client

_SAMPLE = re.compile(r"^(\w+(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figures:
    """`values` by name and labels as Prometheus writes them."""

    values: Mapping[str, float]

    @property
    def memory(self) -> float:
        return self.values["process_resident_memory_bytes"]

    @property
    def files(self) -> float:
        return self.values["process_open_fds"]

    def sum(self, name: str, *labels: str) -> float:
        """Over all samples of this name whose labels hold all these texts."""
        return sum(
            value
            for key, value in self.values.items()
            if key.partition("{")[0] == name and all(label in key for label in labels)
        )

    def by(self, name: str, label: str) -> dict[str, float]:
        """Sums of this name for each value of a label."""
        found: dict[str, float] = {}
        pattern = re.compile(rf'[{{,]{label}="([^"]*)"')
        for key, value in self.values.items():
            if key.partition("{")[0] == name and (match := pattern.search(key)):
                found[match[1]] = found.get(match[1], 0.0) + value
        return found


class Target:
    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self.http = http
        self.port = int(httpx.URL(url).port or 0)

    async def figures(self) -> Figures:
        answer = await self.http.get("/metrics")
        return Figures({name: float(value) for name, value in _SAMPLE.findall(answer.text)})


@asynccontextmanager
async def target_at(url: str) -> AsyncIterator[Target]:
    async with http_client(url) as http:
        yield Target(url, http)
