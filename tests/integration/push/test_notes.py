"""What is noted of accepted pushes, over a broker that comes and goes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from urllib.parse import unquote, urlsplit

import pytest

from chatcore.domain.ids import BindingSid
from chatcore.presence.sent import RedisSentNotes
from tests.support.patience import until
from tests.support.wire import BOTH, Address, Wire

from .rig import eventually

ONE, TWO = BindingSid("BS1"), BindingSid("BS2")


@pytest.fixture
async def wire(redis_url: str) -> AsyncIterator[Wire]:
    async with Wire(Address(path=unquote(urlsplit(redis_url).path))) as made:
        yield made


async def test_notes_wait_for_a_broker_that_does_not_answer(
    wire: Wire, redis_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    notes = RedisSentNotes(f"redis://127.0.0.1:{wire.port}", prefix=redis_prefix)
    writing = asyncio.create_task(notes.run())

    async def noted() -> bool:
        return await notes.noted(7) == {ONE, TWO}

    try:
        wire.hold(*BOTH)
        notes.note(7, ONE)
        with caplog.at_level(logging.WARNING):
            await until(lambda: "cannot be noted" in caplog.text)
        notes.note(7, TWO)
        wire.heal(late=False)
        await eventually(noted)
    finally:
        wire.heal()
        writing.cancel()
        await asyncio.wait([writing])
        await notes.close()
