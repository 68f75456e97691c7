"""A Twilsock server that answers from a recording: the peer of P8b, a process of its own.

It takes the file of the recording as its argument, prints its port, then a line for each request that was not in the
recording, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections import Counter
from pathlib import Path

import uvloop
from websockets.asyncio.server import ServerConnection, serve

from bench.load.exchange import SUBSCRIBE, Header, Recording, frame, key, parsed

_UNKNOWN = {"http_status": {"code": 404, "status": "NOT FOUND"}, "status": {"code": 200, "status": "OK"}}


class Canned:
    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    async def serve(self, connection: ServerConnection) -> None:
        turns: Counter[str] = Counter()
        numbers = itertools.count(1)
        async for message in connection:
            header, payload = parsed(message if isinstance(message, bytes) else message.encode())
            if header["method"] == "close":
                return
            if header["method"] in ("reply", "telemetry.v1"):
                continue
            asked = key(header, payload)
            await connection.send(self._answer(header, asked, turns))
            turns[asked] += 1
            if asked == SUBSCRIBE and (request := json.loads(payload))["action"] == "establish":
                for told in self._recording.established(request):
                    await connection.send(_notification(next(numbers), told))

    def _answer(self, header: Header, asked: str, turns: Counter[str]) -> bytes:
        """The recorded ones in turn, the last of them for ever."""
        given = self._recording.answers.get(asked)
        if given is None:
            _say(asked)
            return frame({"method": "reply", "id": header["id"], **_UNKNOWN})
        answer = given[min(turns[asked], len(given) - 1)]
        return frame(answer.header | {"id": header["id"]}, answer.payload.encode())


def _notification(number: int, told: dict[str, object]) -> bytes:
    header = {
        "method": "notification",
        "id": f"TM{number}",
        "message_type": "twilio.sync.event",
        "payload_type": "application/json",
    }
    return frame(header, json.dumps(told, separators=(",", ":")).encode())


def _say(line: object) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def run(file: Path) -> None:
    canned = Canned(Recording.load(file))
    async with serve(canned.serve, "127.0.0.1", 0, compression=None, max_size=None, close_timeout=1) as server:
        _say(next(iter(server.sockets)).getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(run(Path(sys.argv[1])))
