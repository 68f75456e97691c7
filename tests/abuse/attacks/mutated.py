"""Broken messages, broken frames and broken HTTP requests over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from tests.abuse import corpus
from tests.abuse.entrances import Entrance
from tests.abuse.mutations import mutations
from tests.abuse.raw import CLOSE, Raw, raw
from tests.abuse.target import Target

LANES = 4
"""Connections at the same time."""

Tokens = Callable[[str], str]


async def messages(node: Target, entrance: Entrance, token: Tokens, count: int, seed: int) -> Counter[str]:
    """Each is answered or ends the connection with a code of the protocol; half of them come from strangers. Returns
    how many did what."""
    verdicts: Counter[str] = Counter()

    async def lane(number: int) -> None:
        broken = islice(mutations(entrance.corpus, seed * LANES + number), count // LANES)
        while True:
            name = f"mutant{number}" if number % 2 else ""
            async with entrance.opened(node.port, token(name) if name else "") as connection:
                if await _tried(connection, entrance, broken, verdicts, stranger=not name):
                    return

    await asyncio.gather(*(lane(number) for number in range(LANES)))
    return verdicts


async def _tried(
    connection: Raw, entrance: Entrance, broken: Iterator[bytes], verdicts: Counter[str], *, stranger: bool
) -> bool:
    """Until one of them ends the connection; True when there are no more."""
    for data in broken:
        await connection.send(entrance.framed(data) + entrance.framed(entrance.probe))
        while True:
            try:
                opcode, payload = await connection.receive()
            except (ConnectionResetError, asyncio.IncompleteReadError):
                raise AssertionError(f"no close frame after {data!r}") from None
            if opcode == CLOSE:
                code = int.from_bytes(payload[:2])
                assert code in entrance.ends, (code, data)
                verdicts[str(code)] += 1
                return False
            if entrance.echo in payload:
                assert not stranger or entrance.name == "twilsock", data
                verdicts["answered"] += 1
                break
    return True


async def frames(node: Target, entrance: Entrance, count: int, seed: int) -> None:
    """Broken on the level of RFC 6455. Whatever that means to the node, it hangs up when the client does."""
    good = [entrance.framed(data) for data in entrance.corpus]

    async def lane(number: int) -> None:
        for data in islice(mutations(good, seed * LANES + number), count // LANES):
            async with entrance.opened(node.port) as connection:
                await connection.send(data)
                await _hung_up(connection)

    await asyncio.gather(*(lane(number) for number in range(LANES)))


async def requests(node: Target, count: int, seed: int) -> Counter[int]:
    """Broken HTTP: never an answer that says it was the node's fault. Returns how often there was which."""
    statuses: Counter[int] = Counter()

    async def lane(number: int) -> None:
        for data in islice(mutations(corpus.HTTP, seed * LANES + number), count // LANES):
            async with raw(node.port) as connection:
                await connection.send(data + b"\r\n\r\n")
                answer = await _hung_up(connection)
                if answer.startswith(b"HTTP/1.1 "):
                    statuses[int(answer[9:12])] += 1

    await asyncio.gather(*(lane(number) for number in range(LANES)))
    assert not [status for status in statuses if status >= 500], statuses
    return statuses


async def _hung_up(connection: Raw) -> bytes:
    with contextlib.suppress(OSError):
        connection.writer.write_eof()
    return await connection.rest()
