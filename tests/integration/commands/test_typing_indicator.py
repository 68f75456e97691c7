from __future__ import annotations

from chatcore.commands.typing_indicator import RENEWAL
from chatcore.domain.errors import Code
from chatcore.domain.events import channel_topic

from .world import World, decoded, refused, unknown


async def test_typing_is_told_and_not_stored(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice", unique_name="general")
    before = await world.now(channel)
    world.published.calls.clear()
    await world.chat.typing.start(alice, "general")
    ((signal,),) = world.published.calls
    payload = decoded(signal)
    del payload["at"]
    assert payload == {
        "type": "typing",
        "by": "alice",
        "channel_sid": channel.sid,
        "identity": "alice",
        "member_sid": (await world.chat.members.get(world.rest, channel.sid, "alice")).sid,
        "ttl_ms": 5000,
    }
    assert (signal.topic, signal.subject) == (channel_topic(channel.sid), alice.user_sid)
    assert await world.now(channel) == before


async def test_typing_is_forwarded_once_in_a_while_per_user_and_channel(world: World) -> None:
    alice, bob = await world.user("alice"), await world.user("bob")
    first, second = await world.channel("alice", "bob"), await world.channel("alice")
    for _ in range(3):
        await world.chat.typing.start(alice, first.sid)
    assert len(world.published.signals) == 1
    await world.chat.typing.start(bob, first.sid)
    await world.chat.typing.start(alice, second.sid)
    assert len(world.published.signals) == 3
    world.clock.passed += RENEWAL
    await world.chat.typing.start(alice, first.sid)
    assert len(world.published.signals) == 4


async def test_the_time_of_typing_is_the_services(world: World) -> None:
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await world.configure(typing_indicator_timeout=9)
    await world.chat.typing.start(alice, channel.sid)
    assert decoded(world.published.signals[0])["ttl_ms"] == 9000


async def test_strangers_do_not_type(world: World) -> None:
    alice = await world.user("alice")
    public, private = await world.channel(), await world.channel(private=True)
    with refused(Code.NOT_A_MEMBER):
        await world.chat.typing.start(alice, public.sid)
    for key in (private.sid, unknown("CH")):
        with refused(Code.CHANNEL_NOT_FOUND):
            await world.chat.typing.start(alice, key)
    assert world.published.signals == []
