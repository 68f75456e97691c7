"""One gateway process over the test servers, without supervisor and push worker: nothing writes but what is asked."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from chatcore.child import Child
from tests.support.patience import PATIENCE

SECRET_KEY = "a key for tests"
_START = 60.0


def http_client(url: str, **more: Any) -> httpx.AsyncClient:  # Any: httpx's own
    """Gives up idle connections before the node does."""
    limits = httpx.Limits(keepalive_expiry=1.0)
    return httpx.AsyncClient(base_url=url, trust_env=False, timeout=PATIENCE, limits=limits, **more)


@contextlib.asynccontextmanager
async def lone_gateway(
    dsn: str, redis_url: str, folder: Path, settings: Mapping[str, str] | None = None
) -> AsyncIterator[str]:
    """Its URL. Files and the log lie in the folder; rates are not limited unless `settings` say so."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CHAT_")}
    environ |= {
        "CHAT_POSTGRES_DSN": dsn,
        "CHAT_REDIS_URL": redis_url,
        "CHAT_SECRET_KEY": SECRET_KEY,
        "CHAT_PORT": "0",
        "CHAT_MEDIA_URL": f"file://{folder}/media",
        "CHAT_DRAIN_TIME": "0s",
        "CHAT_RATE_CHANNEL": "0",
        "CHAT_RATE_SERVICE": "0",
        "CHAT_RATE_CONNECTION": "0",
        **(settings or {}),
    }
    log = folder / "gateway.log"
    with log.open("ab") as output:
        argv = [sys.executable, "-P", "-m", "gateway"]
        child = Child("gateway", argv, env=environ, output=output, reports_ready=True)
    try:
        port = (await child.ready(_START))["port"]
        yield f"http://127.0.0.1:{port}"
    finally:
        await child.stop((signal.SIGTERM, 20.0))
        child.close()
        assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")
