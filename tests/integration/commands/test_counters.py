"""Every counter against a naive model that keeps lists and counts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatcore.commands.members import MemberPatch
from chatcore.domain.model import Actor, Channel
from chatcore.store.postgres import PostgresStore

from .world import World, new_world

PEOPLE = ("alice", "bob", "carol")
Step = tuple[str, int, int, int]

steps = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "send", "send", "send", "delete", "read", "read", "force", "none", "rest"]),
        st.integers(0, len(PEOPLE) - 1),
        st.integers(0, 1),  # channel
        st.integers(0, 12),  # index
    ),
    max_size=30,
)


@dataclass(slots=True)
class Model:
    """One channel."""

    messages: list[int] = field(default_factory=list)
    next_index: int = 0
    horizons: dict[str, int | None] = field(default_factory=dict)  # of members
    events: int = 0

    def unread(self, person: str) -> int | None:
        horizon = self.horizons[person]
        return None if horizon is None else sum(index > horizon for index in self.messages)

    def read(self, person: str, index: int, *, force: bool = False) -> None:
        index = min(index, self.next_index - 1)
        held = self.horizons[person]
        if self.next_index and (force or held is None or index > held):
            self.horizons[person] = index


async def take(
    world: World, step: Step, people: Sequence[Actor], channels: Sequence[Channel], models: list[Model]
) -> None:
    action, who, where, index = step
    actor, person, channel, model = people[who], PEOPLE[who], channels[where], models[where]
    chat, member = world.chat, PEOPLE[who] in models[where].horizons
    if action == "join" and not member:
        await chat.channels.join(actor, channel.sid)
        model.horizons[person] = None
        model.events += 1
    elif action == "leave" and member:
        await chat.channels.leave(actor, channel.sid)
        del model.horizons[person]
        model.events += 1
    elif action == "send" and member:
        message = await world.send(channel, by=actor)
        assert message.index == model.next_index
        model.messages.append(message.index)
        model.next_index += 1
        model.events += 1
    elif action == "delete" and index in model.messages:
        await chat.messages.delete(world.rest, channel.sid, index)
        model.messages.remove(index)
        model.events += 1
    elif action in ("read", "force") and member:
        unread = await chat.horizons.report(actor, channel.sid, index, force=action == "force")
        model.read(person, index, force=action == "force")
        assert unread.unread_messages_count == model.unread(person)
    elif action == "none" and member:
        await chat.horizons.report_none(actor, channel.sid)
        model.horizons[person] = None
    elif action == "rest" and member and index < model.next_index:
        await chat.members.update(world.rest, channel.sid, person, MemberPatch(last_consumed_message_index=index))
        model.horizons[person] = index


async def compare(world: World, people: Sequence[Actor], channels: Sequence[Channel], models: list[Model]) -> None:
    for channel, model in zip(channels, models, strict=True):
        found = await world.now(channel)
        assert (found.members_count, found.messages_count, found.next_index, found.stream.offset) == (
            len(model.horizons),
            len(model.messages),
            model.next_index,
            model.events,
        )
        assert (found.last_message.index if found.last_message else None) == max(model.messages, default=None)
        for actor, person in zip(people, PEOPLE, strict=True):
            if person in model.horizons:
                unread = await world.chat.horizons.unread(actor, channel.sid)
                assert unread.last_consumed_message_index == model.horizons[person]
                assert unread.unread_messages_count == model.unread(person)
                assert unread.messages_count == len(model.messages)
    for actor, person in zip(people, PEOPLE, strict=True):
        joined = [model for model in models if person in model.horizons]
        assert (await world.profile(person)).joined_channels_count == len(joined)
        assert actor.user_sid is not None
        totals = await world.chat.horizons.totals(actor, actor.user_sid, 10)
        assert sorted(count for _, count in totals) == sorted(u for m in joined if (u := m.unread(person)))
        log = await world.user_log(person)
        assert [e["offset"] for e in log] == list(range(1, len(log) + 1))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps)
async def test_counters_are_what_counting_would_give(store: PostgresStore, steps: list[Step]) -> None:
    async with new_world(store) as world:
        people = [await world.user(person) for person in PEOPLE]
        channels = [await world.channel() for _ in range(2)]
        models = [Model(), Model()]
        for step in steps:
            await take(world, step, people, channels, models)
        await compare(world, people, channels, models)
