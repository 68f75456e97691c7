from __future__ import annotations

import asyncio

import pytest

from chatcore.auth.credentials import PushSecrets
from chatcore.domain.devices import PushType
from chatcore.domain.ids import CredentialSid
from push.providers.lines import IDLE, REPLACED, Lines
from push.providers.port import SendingCredential


def credential(sid: str = "CR1", key: str = "1") -> SendingCredential:
    secrets = PushSecrets(private_key=key)
    return SendingCredential(sid=CredentialSid(sid), kind=PushType.APN, sandbox=False, secrets=secrets)


class Line:
    def __init__(self) -> None:
        self.busy, self.finished, self.closed = True, False, False

    def finish(self) -> None:
        self.finished = True

    async def aclose(self) -> None:
        self.closed = True


class Factory:
    def __init__(self) -> None:
        self.made: list[Line] = []
        self.failure: Exception | None = None

    async def make(self, _: SendingCredential) -> Line:
        await asyncio.sleep(1)
        if self.failure is not None:
            raise self.failure
        self.made.append(Line())
        return self.made[-1]


async def test_many_who_ask_at_once_share_a_line() -> None:
    factory = Factory()
    lines = Lines(factory.make)
    found = await asyncio.gather(*(lines.of(credential()) for _ in range(10)))
    assert len(set(found)) == len(factory.made) == 1
    assert await lines.of(credential()) is found[0]


async def test_a_failure_is_everybodys_and_forgotten() -> None:
    factory = Factory()
    factory.failure = ValueError("no")
    lines = Lines(factory.make)
    ends = await asyncio.gather(*(lines.of(credential()) for _ in range(3)), return_exceptions=True)
    assert all(isinstance(end, ValueError) for end in ends)
    factory.failure = None
    assert await lines.of(credential())


async def test_one_who_gives_up_does_not_leave_the_others_waiting() -> None:
    lines = Lines(Factory().make)
    first = asyncio.ensure_future(lines.of(credential()))
    second = asyncio.ensure_future(lines.of(credential()))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(ConnectionError):
        await second


async def test_the_line_of_changed_secrets_goes_after_a_while() -> None:
    lines = Lines(Factory().make)
    old = await lines.of(credential(key="1"))
    fresh = await lines.of(credential(key="2"))
    assert old is not fresh
    assert await lines.of(credential(key="1")) is old
    await asyncio.sleep(REPLACED + 1)
    assert old.finished
    assert not fresh.finished


async def test_what_nobody_uses_goes_when_something_new_comes() -> None:
    lines = Lines(Factory().make)
    old = await lines.of(credential("CR1"))
    await asyncio.sleep(IDLE + 1)
    await lines.of(credential("CR2"))
    assert old.finished


async def test_closing_closes_all_even_those_let_go() -> None:
    factory = Factory()
    lines = Lines(factory.make)
    await lines.of(credential(key="1"))
    await lines.of(credential(key="2"))
    await asyncio.sleep(REPLACED + 1)
    await lines.of(credential("CR2"))
    await lines.aclose()
    assert all(line.closed for line in factory.made)
