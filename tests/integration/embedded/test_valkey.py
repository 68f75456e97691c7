"""The embedded Valkey."""

from __future__ import annotations

import os
import shutil
import signal

import redis.asyncio

from chatcore.embedded.folders import DataDir
from chatcore.embedded.valkey import EmbeddedValkey
from tests.support.servers import temporary_data_dir


async def test_it_answers_and_comes_back_empty_after_a_crash() -> None:
    path = temporary_data_dir()
    server = EmbeddedValkey(DataDir(path))
    try:
        url = await server.start()
        async with redis.asyncio.from_url(url) as client:
            await client.set("k", "v")
            assert (await client.config_get("port"))["port"] == "0"
            assert await client.config_get("save") == {"save": ""}
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
        assert await server.wait() == -signal.SIGKILL
        assert await server.start() == url
        async with redis.asyncio.from_url(url) as client:
            assert await client.get("k") is None
        await server.stop()
        assert server.pid is None
    finally:
        await server.stop()
        shutil.rmtree(path)
