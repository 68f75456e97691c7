"""Every bundle, unmodified: pointed here by its one option, and with none at all."""

from __future__ import annotations

import secrets
from typing import Any

from tests.e2e.tokens import access_token

from .chromium import Page
from .conftest import Browser


async def connected(browser: Browser, version: str, identity: str, options: dict[str, Any]) -> Page:
    page = await browser.page(version)
    assert await page.ask("connect", token=access_token(identity), options=options) == identity
    return page


async def talk(browser: Browser, version: str, options: dict[str, Any]) -> None:
    """Two pages, text and history; then the page of one is loaded again."""
    alice, bob = (f"{name}-{secrets.token_hex(4)}" for name in ("alice", "bob"))
    first = await connected(browser, version, alice, options)
    sid = await first.ask("create")
    second = await connected(browser, version, bob, options)
    await first.ask("add", sid=sid, identity=bob)
    # twilio-chat 3.4 may say it twice: once for its list of channels, once for the event
    assert set(await second.ask("seen", kind="joined")) == {sid}, second.log
    await second.ask("history", sid=sid)
    await first.ask("send", sid=sid, body="hello from a page 😀")
    assert await second.ask("seen", kind="body") == ["hello from a page 😀"], second.log
    await second.ask("shutdown")
    again = await connected(browser, version, bob, options)
    history = await again.ask("history", sid=sid)
    assert [(entry["index"], entry["author"]) for entry in history] == [(0, alice)]
    await again.ask("shutdown")
    await first.ask("shutdown")


async def test_with_the_one_option(browser: Browser, version: str) -> None:
    host = browser.cluster.nodes[1].url.partition("://")[2].replace("127.0.0.1", "localhost")
    await talk(browser, version, {"twilsock": {"uri": f"wss://{host}/v3/wsconnect"}})


async def test_without_any_option(browser: Browser, version: str) -> None:
    await talk(browser, version, {})


async def test_media_of_blobs_and_forms(browser: Browser, version: str) -> None:
    alice = f"alice-{secrets.token_hex(4)}"
    page = await connected(browser, version, alice, {})
    sid = await page.ask("create")
    for form in (False, True):
        index = await page.ask("upload", sid=sid, form=form)
        found = await page.ask("download", sid=sid, index=index if isinstance(index, int) else int(form))
        assert (found["status"], found["type"], found["text"]) == (200, "image/png", "picture")
    await page.ask("shutdown")
