"""Where the bytes of files lie."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


class BlobMissing(Exception):
    """There is nothing under the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobHeaders:
    """How a store that hands out files itself should label one: the values of two HTTP headers."""

    content_type: str
    content_disposition: str


class Blobs(Protocol):
    """Keys are words joined by slashes. Bytes under a key never change. Every method raises ChatError(UNAVAILABLE) when
    the store cannot be reached or refuses."""

    async def put(self, key: str, chunks: AsyncIterator[bytes], headers: BlobHeaders) -> None:
        """All of it or nothing: what `chunks` raises is raised again, and neither that nor being cancelled leaves
        anything behind. Memory for a few megabytes, however much comes; durable on return."""
        ...

    def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, not including, `end`, in pieces of a few megabytes at most; read ahead by
        nothing, so a slow reader costs one piece. Raises BlobMissing, at the first piece or, where the file goes away
        meanwhile, at a later one."""
        ...

    async def delete(self, keys: Sequence[str]) -> None:
        """Absent ones count as deleted. When it raises, some may be gone."""
        ...

    async def link(self, key: str, lifetime: timedelta) -> str | None:
        """A URL where anybody can get the bytes for that time without asking this server; None where the store has
        no such links or may not be asked for them. Does not look whether the key exists."""
        ...
