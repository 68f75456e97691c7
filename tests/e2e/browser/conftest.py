"""A cluster behind TLS, a browser, and pages with each bundle."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from aiohttp import web

from tests.support.cluster import Cluster, running_cluster

from .authority import NAMES, make_certificate, trust
from .chromium import Page, chromium, new_page

_HERE = Path(__file__).parent
_MODULES = _HERE.with_name("js") / "node_modules"
BUNDLES: Final = {
    "chat-3.4": "dist/twilio-chat.min.js",
    "chat-4.1": "dist/twilio-chat.min.js",
    "chat-5.0": "dist/twilio-chat.min.js",
    "chat-6.0": "builds/twilio-chat.min.js",
    "conversations-1.2": "dist/twilio-conversations.min.js",
    "conversations-2.6": "builds/twilio-conversations.min.js",
    "conversations-3.0": "builds/twilio-conversations.min.js",
}


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """`BROWSER=0` leaves these tests out."""
    return True if os.environ.get("BROWSER") == "0" and collection_path.is_relative_to(_HERE) else None


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o055)
    return make_certificate(folder)


@pytest.fixture(scope="session")
def tls_cluster(certificates: tuple[Path, Path, Path]) -> Iterator[Cluster]:
    """Two nodes that serve TLS themselves."""
    _, certificate, key = certificates
    with running_cluster(2, {"CHAT_TLS_CERT": str(certificate), "CHAT_TLS_KEY": str(key)}) as started:
        yield started


@dataclass(slots=True)
class Browser:
    devtools: str
    site: str
    cluster: Cluster
    stack: AsyncExitStack

    async def page(self, version: str) -> Page:
        """A tab with this bundle."""
        page = await new_page(self.devtools)
        self.stack.push_async_callback(page.close)
        await page.open(f"{self.site}/{version}/")
        return page


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def site() -> AsyncIterator[str]:
    """The pages, from an origin of their own."""

    async def page(request: web.Request) -> web.Response:
        text = (_HERE / "page.html").read_text().replace("/bundle.js", f"/{request.match_info['version']}/bundle.js")
        return web.Response(text=text, content_type="text/html")

    async def bundle(request: web.Request) -> web.FileResponse:
        version = request.match_info["version"]
        return web.FileResponse(_MODULES / version / BUNDLES[version])

    app = web.Application()
    app.add_routes([web.get("/{version}/", page), web.get("/{version}/bundle.js", bundle)])
    runner = web.AppRunner(app)
    await runner.setup()
    listener = web.TCPSite(runner, "127.0.0.1", 0)
    await listener.start()
    assert listener._server is not None
    port = listener._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]  # aiohttp tells it nowhere else
    try:
        yield f"http://localhost:{port}"
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser_process(
    tls_cluster: Cluster, certificates: tuple[Path, Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The hosts that the SDKs call without any option lead to the first node."""
    home = tmp_path_factory.mktemp("home")
    trust(certificates[0], home)
    address = tls_cluster.nodes[0].url.partition("://")[2]
    hosts = {name: address for name in NAMES if name != "localhost"}
    async with chromium(hosts, home) as devtools:
        yield devtools


@pytest_asyncio.fixture(loop_scope="session")
async def browser(tls_cluster: Cluster, browser_process: str, site: str) -> AsyncIterator[Browser]:
    async with AsyncExitStack() as stack:
        yield Browser(browser_process, site, tls_cluster, stack)


@pytest.fixture(params=BUNDLES)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)
