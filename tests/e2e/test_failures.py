"""Nodes that stop, and a database that goes away."""

from __future__ import annotations

import asyncio

import pytest

from .cli import chatcore
from .people import People, eventually
from .sdk import KINDS, CallRefused

pytestmark = pytest.mark.xdist_group("failures")


async def test_draining_node_sends_its_clients_away_and_they_miss_nothing(people_in_trouble: People) -> None:
    people = people_in_trouble
    alice = await people.connect("python-json", "alice", node=1)
    sid = await alice.make_channel()
    room = f"chat:{sid}"
    guests = [await people.connect(kind, kind, node=0) for kind in KINDS]
    for guest in guests:
        await guest.enter(sid)
        guest.feed.forget()
    stop = asyncio.Event()

    async def talk() -> int:
        said = 0
        while not stop.is_set():
            await alice.say(sid, f"n{said}")
            said += 1
        return said

    async with asyncio.TaskGroup() as group:
        talking = group.create_task(talk())
        for guest in guests:
            guest.proxy.use(people.node(1))
        await people.cluster.restart(0)
        for guest in guests:
            told = await guest.feed.take("connecting")
            assert (told.code, told.reason) == (3001, "shutdown")
            await guest.feed.take("connected")
            again = await guest.feed.take("subscribed", room)
            assert (again.was_recovering, again.recovered) == (True, True)
        stop.set()
    said = await talking
    assert said > 20
    for guest in guests:
        heard = [(await guest.feed.event(room, "message.added"))["message"]["index"] for _ in range(said)]
        assert heard == list(range(said))
        assert len(guest.feed.offsets(room)) == len(set(guest.feed.offsets(room)))


async def test_database_goes_away_and_comes_back(people_in_trouble: People, kind: str) -> None:
    people, cluster = people_in_trouble, people_in_trouble.cluster
    alice = await people.connect(kind, "alice", node=0)
    bob = await people.connect(kind, "bob", node=1)
    sid = await alice.make_channel()
    await bob.enter(sid)
    old = cluster.pid_of("postgres")
    await cluster.kill("postgres")
    with pytest.raises(CallRefused) as refused:
        await alice.say(sid, "lost")
    assert (refused.value.code, refused.value.temporary) == (100, True)
    await cluster.back("postgres", old)

    async def answers() -> bool:
        try:
            await alice.say(sid, "back", client_ref="back")
        except CallRefused as error:
            if not error.temporary:
                raise
            return False
        return True

    await eventually(answers)
    assert (await bob.feed.event(f"chat:{sid}", "message.added"))["message"]["body"] == "back"
    for person in (alice, bob):
        assert person.feed.count("connected") == 1, "sockets stay open"
    for node in (0, 1):
        await cluster.until_ready(node)


async def test_renewed_epochs_make_everybody_reload(people_in_trouble: People) -> None:
    people = people_in_trouble
    alice = await people.connect("python-json", "alice", node=0)
    sid = await alice.make_channel()
    guests = [await people.connect(kind, kind, node=0) for kind in KINDS]
    for guest in guests:
        await guest.enter(sid)
        guest.feed.forget()
    await chatcore(people.cluster, "epochs", "renew")
    for guest in guests:
        guest.proxy.use(people.node(1))
        guest.proxy.cut()
        for channel in ("me", f"chat:{sid}"):
            again = await guest.feed.take("subscribed", channel)
            assert (again.was_recovering, again.recovered) == (True, False)
