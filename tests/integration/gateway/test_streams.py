"""Clients come and go between two nodes while the broker loses, delays and reorders: each has exactly what happened."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.membership import MemberDraft
from chatcore.commands.sending import SendDraft
from chatcore.domain.events import Topic, channel_topic, user_topic
from chatcore.domain.ids import ChannelSid
from chatcore.store.postgres import PostgresStore
from tests.support.patience import until

from .rig import Client, Json, Rig

PEOPLE = ("alice", "bob")


class Reader:
    """An application: keeps offsets per stream and comes back with its positions."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.client: Client | None = None
        self.got: dict[str, list[int]] = {}  # by channel, since it was last subscribed from scratch
        self.epochs: dict[str, str] = {}
        self.reloads = 0
        self.node = 0

    async def connect(self, rig: Rig, node: int) -> None:
        positions = {
            name: {"recover": True, "offset": offsets[-1], "epoch": self.epochs[name]}
            for name, offsets in self.got.items()
        }
        self.node = node
        self.client = rig.nodes[node].client()
        result = await self.client.connect(self.identity, subs=positions)
        for name in [name for name in self.got if name not in result["subs"]]:
            del self.got[name]
        for name, sub in result["subs"].items():
            if name != "live":
                self._subscribed(name, sub)
        self.take()

    def _subscribed(self, name: str, sub: Json) -> None:
        offset = sub.get("offset", 0)
        if name in self.got and sub.get("recovered"):
            assert offset == self.got[name][-1]
        else:
            self.reloads += name in self.got
            self.got[name] = [offset]
        self.epochs[name] = sub["epoch"]
        self.got[name] += [publication["offset"] for publication in sub.get("publications", ())]

    def take(self) -> None:
        """What came by itself."""
        if self.client is None:
            return
        self.client.take()
        pushes, self.client.pushes = self.client.pushes, []
        for push in pushes:
            name = push["channel"]
            if "subscribe" in push:
                self.got.pop(name, None)
                self._subscribed(name, push["subscribe"])
            elif "unsubscribe" in push:
                del self.got[name]
            elif name != "live":
                self.got[name].append(push["pub"]["offset"])

    def cut(self) -> None:
        if self.client is not None:
            self.take()
            self.client.drop()
            self.client = None


def topic(reader: Reader, name: str, rig_users: dict[str, str]) -> Topic:
    if name == "me":
        return user_topic(rig_users[reader.identity])  # type: ignore[arg-type]  # a user's SID
    return channel_topic(ChannelSid(name.removeprefix("chat:")))


steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "send", "send", "burst", "join", "leave", "cut", "move", "lossy", "fine", "wait"]),
        st.integers(0, 3),
    ),
    min_size=5,
    max_size=25,
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps, seed=st.integers(0, 1000))
async def test_every_reader_has_exactly_what_happened(
    store: PostgresStore, steps: list[tuple[str, int]], seed: int
) -> None:
    async with Rig.running(store) as rig:
        rig.wire.random = random.Random(seed)
        chat = rig.nodes[0].chat
        channels = [await _channel(rig, f"c{number}") for number in range(2)]
        readers = [Reader(PEOPLE[number % 2]) for number in range(4)]
        for number, reader in enumerate(readers):
            await reader.connect(rig, number % 2)
        for action, number in steps:
            reader, channel = readers[number], channels[number % 2]
            if action == "send":
                await rig.nodes[number % 2].chat.messages.send(rig.rest, SendDraft(channel=channel))
            elif action == "burst":
                for node in rig.nodes * 3:
                    await node.chat.messages.send(rig.rest, SendDraft(channel=channel))
            elif action in ("join", "leave"):
                await _membership(rig, channel, reader.identity, member=action == "join")
            elif action == "cut":
                reader.cut()
            elif action == "move":
                reader.cut()
                await reader.connect(rig, 1 - reader.node)
            elif action == "lossy":
                rig.wire.loss, rig.wire.delay = 0.3, 0.05
            elif action == "fine":
                rig.wire.loss = rig.wire.delay = 0.0
            else:
                reader.take()
        rig.wire.loss = rig.wire.delay = 0.0
        for reader in readers:
            if reader.client is None:
                await reader.connect(rig, 0)
        for node in rig.nodes:
            node.broker.restored()
        users = {person: (await chat.users.get(rig.rest, person)).sid for person in PEOPLE}
        joined = {person: {f"chat:{sid}" for sid, _ in await chat.history.joined(users[person])} for person in PEOPLE}
        for reader in readers:
            wanted = {"me", *joined[reader.identity]}
            tops = await chat.history.tops([topic(reader, name, dict(users)) for name in wanted])

            def complete(reader: Reader = reader, wanted: set[str] = wanted, tops: object = tops) -> bool:
                reader.take()
                assert reader.client is not None
                assert reader.client.link.closed is None
                return set(reader.got) == wanted and all(
                    reader.got[name][-1] == tops[topic(reader, name, dict(users))].position.offset  # type: ignore[index]  # a mapping
                    for name in wanted
                )

            await until(complete)
            for name, offsets in reader.got.items():
                assert offsets == list(range(offsets[0], offsets[-1] + 1)), name
            assert reader.reloads == 0
        for reader in readers:
            reader.cut()


async def _channel(rig: Rig, name: str) -> ChannelSid:
    channel, _ = await rig.nodes[0].chat.channels.create(rig.rest, ChannelDraft(unique_name=name))
    return channel.sid


async def _membership(rig: Rig, channel: ChannelSid, identity: str, *, member: bool) -> None:
    members = rig.nodes[1].chat.members
    found = await rig.store.read.members.get(channel, identity)
    if member and found is None:
        await members.add(rig.rest, channel, identity, MemberDraft())
    elif not member and found is not None:
        await members.remove(rig.rest, channel, identity)


@pytest.mark.parametrize("gap", [300, 301])
async def test_a_long_gap_is_recovered_or_refused_and_paged_to_its_end(rig: Rig, gap: int) -> None:
    sid = await _channel(rig, "busy")
    await _membership(rig, sid, "alice", member=True)
    reader = Reader("alice")
    await reader.connect(rig, 0)
    reader.cut()
    for _ in range(gap):
        await rig.nodes[0].chat.messages.send(rig.rest, SendDraft(channel="busy"))
    name = f"chat:{sid}"
    held = reader.got[name][-1]
    await reader.connect(rig, 1)
    assert reader.reloads == (gap > 300)
    assert reader.got[name][-1] == held + gap
    if gap > 300:
        assert reader.client is not None
        offset, rounds = held, 0
        while offset < reader.got[name][-1]:
            since = {"offset": offset, "epoch": reader.epochs[name]}
            page = await reader.client.call("event.list", channel="busy", since=since)
            assert [e["offset"] for e in page["events"]] == list(range(offset + 1, offset + 1 + len(page["events"])))
            offset, rounds = page["events"][-1]["offset"], rounds + 1
        assert (offset, rounds) == (held + gap, 2)
    reader.cut()
