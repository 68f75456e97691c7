from __future__ import annotations

from collections.abc import Sequence

import pytest

from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, ChannelSid, ServiceSid
from chatcore.domain.model import Actor
from push.timers import PAGE, Timers

SERVER = Actor(account_sid=AccountSid("AC1"), service_sid=ServiceSid("IS1"), webhooks=True)


class Channels:
    """`waiting` are due; those in `failing` raise, those in `late` were moved by somebody else."""

    def __init__(self, count: int) -> None:
        self.waiting = [ChannelSid(f"CH{number}") for number in range(count)]
        self.failing: dict[str, Exception] = {}
        self.late: set[str] = set()
        self.tried: list[str] = []

    async def due(self, limit: int) -> Sequence[tuple[Actor, ChannelSid]]:
        return [(SERVER, sid) for sid in self.waiting[:limit]]

    async def run_timer(self, actor: Actor, sid: ChannelSid) -> object | None:
        assert actor == SERVER
        self.tried.append(sid)
        if sid in self.failing:
            raise self.failing[sid]
        self.waiting.remove(sid)
        return None if sid in self.late else sid


@pytest.mark.parametrize("count", [0, 1, PAGE, 2 * PAGE + 1])
async def test_all_that_are_due_are_moved(count: int) -> None:
    channels = Channels(count)
    assert await Timers(channels).step() == count
    assert channels.waiting == []


async def test_those_that_fail_do_not_keep_the_others_waiting() -> None:
    channels = Channels(4)
    channels.failing = {"CH0": RuntimeError("a bug"), "CH2": ChatError(Code.CHANNEL_NOT_FOUND, "gone")}
    channels.late = {"CH1"}
    assert await Timers(channels).step() == 1
    assert channels.tried == ["CH0", "CH1", "CH2", "CH3"]


async def test_a_page_of_failures_is_not_tried_for_ever() -> None:
    channels = Channels(PAGE)
    channels.failing = dict.fromkeys(channels.waiting, RuntimeError("a bug"))
    assert await Timers(channels).step() == 0
    assert len(channels.tried) == PAGE


async def test_an_absent_database_ends_the_step() -> None:
    channels = Channels(2)
    channels.failing = {"CH0": ChatError(Code.UNAVAILABLE, "away")}
    with pytest.raises(ChatError):
        await Timers(channels).step()
    assert channels.tried == ["CH0"]
