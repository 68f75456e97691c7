from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chatcore.domain.ids import ChannelSid
from chatcore.store.postgres import PostgresStore
from tests.integration.rest.rig import Rig

from .rig import Conversations


def remaining(conversation: Any, name: str) -> timedelta:  # Any: JSON
    return datetime.fromisoformat(conversation["timers"][name]) - datetime.now(UTC)


def about(length: timedelta, expected: timedelta) -> bool:
    return expected - timedelta(seconds=30) < length <= expected


async def overdue(store: PostgresStore, sid: str, column: str) -> None:
    """As if the time of the timer were over."""
    await store.pool.execute(f"UPDATE channels SET {column} = now() - interval '1 second' WHERE sid = $1", sid)


async def fire(rig: Rig, sid: str) -> None:
    """What a worker does every second."""
    (actor,) = [actor for actor, due in await rig.chat.channels.due(100) if due == sid]
    assert await rig.chat.channels.run_timer(actor, ChannelSid(sid))


async def test_timers_show_when_they_run_out(either: Conversations) -> None:
    made = await either.create("Conversations", {"State": "active", "Timers.Inactive": "PT1M", "Timers.Closed": "P1D"})
    assert set(made["timers"]) == {"date_inactive", "date_closed"}
    assert about(remaining(made, "date_inactive"), timedelta(minutes=1))
    assert about(remaining(made, "date_closed"), timedelta(days=1))
    assert await either.get(f"Conversations/{made['sid']}") == made


async def test_only_timers_that_run_are_shown(conversations: Conversations) -> None:
    timers = {"Timers.Inactive": "PT1M", "Timers.Closed": "PT10M"}
    made = await conversations.create("Conversations", {"State": "initializing", **timers})
    assert made["timers"] == {}
    path = f"Conversations/{made['sid']}"
    assert set((await conversations.update(path, State="active"))["timers"]) == {"date_inactive", "date_closed"}
    assert set((await conversations.update(path, State="inactive"))["timers"]) == {"date_closed"}
    assert (await conversations.update(path, State="closed"))["timers"] == {}


async def test_empty_switches_a_timer_off(conversations: Conversations) -> None:
    values = {"State": "active", "Timers.Inactive": "PT1M", "Timers.Closed": "PT10M"}
    path = f"Conversations/{(await conversations.create('Conversations', values))['sid']}"
    assert set((await conversations.update(path, {"Timers.Inactive": ""}))["timers"]) == {"date_closed"}
    assert (await conversations.update(path, {"Timers.Closed": ""}))["timers"] == {}
    assert set((await conversations.update(path, {"Timers.Inactive": "PT2M"}))["timers"]) == {"date_inactive"}


async def test_timers_of_the_account_are_the_default(conversations: Conversations) -> None:
    await conversations.update("Configuration", DefaultInactiveTimer="PT5M", DefaultClosedTimer="P2W")
    made = await conversations.create("Conversations")
    assert about(remaining(made, "date_inactive"), timedelta(minutes=5))
    assert about(remaining(made, "date_closed"), timedelta(weeks=2))
    own = await conversations.create("Conversations", {"State": "active", "Timers.Inactive": "PT1H"})
    assert about(remaining(own, "date_inactive"), timedelta(hours=1))
    none = await conversations.create("Conversations", {"State": "active", "Timers.Inactive": "", "Timers.Closed": ""})
    assert none["timers"] == {}


async def test_silence_makes_a_conversation_inactive_then_closes_it(
    conversations: Conversations, rig: Rig, store: PostgresStore
) -> None:
    values = {"State": "active", "Timers.Inactive": "PT1M", "Timers.Closed": "PT10M"}
    made = await conversations.create("Conversations", values)
    path = f"Conversations/{made['sid']}"
    await overdue(store, made["sid"], "date_inactive")
    await fire(rig, made["sid"])
    silent = await conversations.get(path)
    assert (silent["state"], silent["timers"]) == ("inactive", {"date_closed": made["timers"]["date_closed"]})
    await overdue(store, made["sid"], "date_closed")
    await fire(rig, made["sid"])
    closed = await conversations.get(path)
    assert (closed["state"], closed["timers"]) == ("closed", {})
    assert await conversations.refused("POST", f"{path}/Messages", Body="late") == (400, 50377)


@pytest.mark.parametrize(
    ("part", "values"),
    [
        ("Messages", {"Body": "hello"}),
        ("Participants", {"Identity": "ann"}),
        ("Participants", {"MessagingBinding.Address": "+15558675310"}),
    ],
)
async def test_activity_wakes_it_and_starts_its_timers_again(
    conversations: Conversations, rig: Rig, store: PostgresStore, part: str, values: dict[str, str]
) -> None:
    timers = {"State": "active", "Timers.Inactive": "PT1M", "Timers.Closed": "PT10M"}
    path = f"Conversations/{(await conversations.create('Conversations', timers))['sid']}"
    await overdue(store, path.removeprefix("Conversations/"), "date_inactive")
    await fire(rig, path.removeprefix("Conversations/"))
    await conversations.create(f"{path}/{part}", values)
    woken = await conversations.get(path)
    assert woken["state"] == "active"
    assert about(remaining(woken, "date_inactive"), timedelta(minutes=1))
    assert about(remaining(woken, "date_closed"), timedelta(minutes=10))


async def test_activity_in_an_active_one_puts_its_timers_off(
    conversations: Conversations, store: PostgresStore
) -> None:
    values = {"State": "active", "Timers.Inactive": "PT1M", "Timers.Closed": "PT10M"}
    made = await conversations.create("Conversations", values)
    await overdue(store, made["sid"], "date_inactive")
    await conversations.create(f"Conversations/{made['sid']}/Messages", Body="in time")
    seen = await conversations.get(f"Conversations/{made['sid']}")
    assert about(remaining(seen, "date_inactive"), timedelta(minutes=1))
