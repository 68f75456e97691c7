"""Unread counts and badges against a naive model that keeps lists and counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatcore.commands.members import MemberPatch
from chatcore.domain.devices import Binding
from chatcore.domain.model import Actor, Channel, NotificationLevel
from chatcore.store.postgres import PostgresStore
from tests.integration.commands.world import World, new_world

from .phones import ON, Phones

PEOPLE = ("alice", "bob", "carol")
Step = tuple[str, int, int, int]

ACTIONS = (
    "join",
    "leave",
    "remove",
    "send",
    "send",
    "delete",
    "read",
    "force",
    "none",
    "rest",
    "mute",
    "destroy",
    "push",
)

steps = st.lists(
    st.tuples(
        st.sampled_from(ACTIONS),
        st.integers(0, len(PEOPLE) - 1),
        st.integers(0, 2),  # channel
        st.integers(0, 8),  # index
    ),
    min_size=5,
    max_size=40,
)


@dataclass(slots=True)
class Room:
    """One channel. Horizons are those of members."""

    messages: list[int] = field(default_factory=list)
    next_index: int = 0
    horizons: dict[str, int | None] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    exists: bool = True

    def unread(self, person: str) -> int | None:
        horizon = self.horizons[person]
        return None if horizon is None else sum(index > horizon for index in self.messages)

    def counts(self, person: str) -> bool:
        """Towards the number on the icon."""
        if person not in self.horizons:
            return False
        horizon = self.horizons[person]
        return any(horizon is None or index > horizon for index in self.messages)


@dataclass(slots=True)
class Run:
    world: World
    phones: Phones
    people: Sequence[Actor]
    channels: Sequence[Channel]
    devices: Sequence[Binding]
    rooms: list[Room]
    shown: dict[str, int] = field(default_factory=dict)
    """The number on each icon, as the pushes left it."""
    went_down: set[str] = field(default_factory=set)

    def badge(self, person: str) -> int:
        return sum(room.counts(person) for room in self.rooms)

    async def take(self, step: Step) -> None:
        action, who, where, index = step
        actor, person, channel, room = self.people[who], PEOPLE[who], self.channels[where], self.rooms[where]
        if action == "push":
            await self.push()
        if not room.exists or action == "push":
            return
        chat, member = self.world.chat, person in room.horizons
        if action == "join" and not member:
            await chat.channels.join(actor, channel.sid)
            room.horizons[person] = None
        elif action in ("leave", "remove") and member:
            if action == "leave":
                await chat.channels.leave(actor, channel.sid)
            else:
                await chat.members.remove(self.world.rest, channel.sid, person)
            del room.horizons[person]
            room.muted.discard(person)
            self.went_down.add(person)
        elif action == "send" and member:
            await self.world.send(channel, by=actor)
            room.messages.append(room.next_index)
            room.next_index += 1
        elif action == "delete" and index in room.messages:
            await chat.messages.delete(self.world.rest, channel.sid, index)
            room.messages.remove(index)
        elif action in ("read", "force") and member:
            unread = await chat.horizons.report(actor, channel.sid, index, force=action == "force")
            held, wanted = room.horizons[person], min(index, room.next_index - 1)
            if room.next_index and (action == "force" or held is None or wanted > held):
                room.horizons[person] = wanted
                if wanted != held:
                    self.went_down.add(person)
            assert unread.unread_messages_count == room.unread(person)
        elif action == "none" and member:
            await chat.horizons.report_none(actor, channel.sid)
            if room.horizons[person] is not None:
                self.went_down.add(person)
            room.horizons[person] = None
        elif action == "rest" and member and index < room.next_index:
            patch = MemberPatch(last_consumed_message_index=index)
            await chat.members.update(self.world.rest, channel.sid, person, patch)
            if room.horizons[person] != index:
                self.went_down.add(person)
            room.horizons[person] = index
        elif action == "mute" and member:
            await chat.channels.notify(actor, channel.sid, NotificationLevel.MUTED)
            room.muted.add(person)
        elif action == "destroy" and index == 0:
            await chat.channels.delete(self.world.rest, channel.sid)
            self.went_down |= set(room.horizons)
            self.rooms[where] = Room(exists=False)

    async def push(self) -> None:
        """Everything that waits goes out; what it leaves on the icons is right where it had to be corrected."""
        await self.phones.hurry("badge")
        await self.phones.drain()
        for person, device in zip(PEOPLE, self.devices, strict=True):
            numbers = [d.payload["aps"]["badge"] for d in self.phones.sender.to(device)]
            # All were rendered now, after everything that happened: whatever is sent is the number as it is.
            assert set(numbers) <= {self.badge(person)}
            if numbers:
                self.shown[person] = numbers[-1]
            if person in self.went_down:
                assert numbers, f"{person} was not told that the number went down"
        self.phones.sender.sent.clear()
        self.went_down.clear()

    async def compare(self) -> None:
        await self.push()
        pushes = self.phones.desk("model").pushes
        found = await pushes.badges([device.user_sid for device in self.devices])
        assert [found.get(device.user_sid, 0) for device in self.devices] == [self.badge(person) for person in PEOPLE]
        for person, actor in zip(PEOPLE, self.people, strict=True):
            for channel, room in zip(self.channels, self.rooms, strict=True):
                if room.exists and person in room.horizons:
                    unread = await self.world.chat.horizons.unread(actor, channel.sid)
                    assert unread.unread_messages_count == room.unread(person)
                    assert unread.messages_count == len(room.messages)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(taken=steps)
async def test_numbers_are_what_somebody_who_counts_finds(store: PostgresStore, taken: list[Step]) -> None:
    await store.pool.execute("TRUNCATE outbox")
    async with new_world(store) as world:
        phones = Phones(world)
        await phones.enable(new_message=replace(ON, badge_count_enabled=True))
        people = [await world.user(person) for person in PEOPLE]
        channels = [await world.channel() for _ in range(3)]
        devices = [await phones.device(actor) for actor in people]
        run = Run(world, phones, people, channels, devices, [Room() for _ in channels])
        for step in taken:
            await run.take(step)
        await run.compare()
