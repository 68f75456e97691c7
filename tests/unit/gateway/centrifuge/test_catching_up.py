"""From any position, whatever is in memory and in the log: exactly what was missed, or a refusal."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatcore.commands.history import PAGE_MAX
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType, channel_topic
from chatcore.domain.paging import PAGE_BYTES
from gateway.centrifuge.catching_up import Budget, Caught, Want, collect, result
from gateway.centrifuge.messages import SubscribeRequest, SubscribeResult
from gateway.hub.ports import Eviction
from gateway.hub.room import RING, Room
from tests.support.virtual_time import settled
from tests.unit.gateway.hub.fakes import ROOM, FakeReader, OffsetEncoder, event

from .fakes import channel_sid, payload_of, room, user_sid
from .stage import Stage

TOPIC = channel_topic(channel_sid(1))
EPOCH_OF_1 = "epoch of 1"


def request(offset: int, epoch: str = EPOCH_OF_1, *, flag: int = 0) -> SubscribeRequest:
    return SubscribeRequest(channel=room(1), recover=True, offset=offset, epoch=epoch, flag=flag)


async def subscribe(stage: Stage, base: int, wanted: SubscribeRequest | None) -> tuple[SubscribeResult, FakeReader]:
    """Attaches a reader as subscriptions do, and returns what it is told."""
    await stage.relay.hold([TOPIC])
    want = Want(name=room(1), topic=TOPIC, base=base, epoch=stage.log.epochs[TOPIC], request=wanted)
    (caught,) = await collect(stage.relay, stage.history, [want])  # type: ignore[arg-type]  # the fake has what is needed
    reader = FakeReader()
    stage.hub.attach(TOPIC, reader, OffsetEncoder())
    return result(caught, Budget()), reader


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_any_position_gives_exactly_the_missed_events_or_a_refusal(data: st.DataObject) -> None:
    before = data.draw(st.integers(0, 20), label="events before the room was opened")
    heard = data.draw(st.integers(0, 12), label="events the room heard")
    late = data.draw(st.integers(0, 6), label="events the room did not hear yet")
    cleared = data.draw(st.integers(0, before + heard), label="events the log has lost")
    during = data.draw(st.lists(st.integers(0, 3), max_size=3), label="events while the log is read")
    offset = data.draw(st.integers(0, before + heard + late + 3), label="position of the client")
    epoch = data.draw(st.sampled_from([EPOCH_OF_1, "", "_", "other"]))
    recover = data.draw(st.booleans())
    async with Stage.running() as stage:
        stage.make_channel(1, "alice")
        for _ in range(before):
            stage.message(1)
        await stage.relay.hold([TOPIC])
        stage.hear(*[stage.message(1) for _ in range(heard)])
        for _ in range(late):
            stage.message(1)
        stage.log.firsts[TOPIC] = cleared + 1
        base = before + heard + late
        pauses = iter(during)

        def meanwhile() -> None:
            stage.hear(*[stage.message(1) for _ in range(next(pauses, 0))])

        stage.history.before_missed = meanwhile
        answer, reader = await subscribe(stage, base, request(offset, epoch) if recover else None)
        top = stage.relay.room(TOPIC).offset
        assert top >= base
        assert answer.epoch == EPOCH_OF_1
        assert (answer.recoverable, answer.positioned) == (True, True)
        assert answer.was_recovering == recover
        if answer.recovered:
            assert recover
            assert epoch in ("", EPOCH_OF_1)
            assert answer.offset == offset
            assert [p.offset for p in answer.publications] == list(range(offset + 1, top + 1))
            assert [json.loads(p.data)["message"]["index"] for p in answer.publications] == list(range(offset, top))
        else:
            assert answer.offset == top
            assert answer.publications == ()
        possible = recover and epoch in ("", EPOCH_OF_1) and cleared <= offset <= base
        if possible:
            assert answer.recovered
        stage.history.before_missed = lambda: None
        stage.hear(*[stage.message(1) for _ in range(2)])
        await settled()
        assert reader.offsets == [top + 1, top + 2]


@pytest.mark.parametrize(
    ("events", "offset", "recovered"),
    [
        (PAGE_MAX, 0, True),
        (PAGE_MAX + 1, 0, False),
        (PAGE_MAX + 1, 1, True),
        (3 * RING, 3 * RING - PAGE_MAX, True),
        (1000, 0, False),
    ],
)
@pytest.mark.parametrize("in_memory", [True, False])
async def test_the_longest_gap(stage: Stage, events: int, offset: int, recovered: bool, in_memory: bool) -> None:
    stage.make_channel(1, "alice")
    if in_memory:
        await stage.relay.hold([TOPIC])
    stage.hear(*[stage.message(1) for _ in range(events)])
    answer, _ = await subscribe(stage, events, request(offset))
    assert (answer.recovered, answer.offset) == (recovered, offset if recovered else events)
    assert len(answer.publications) == (events - offset if recovered else 0)
    reads = [topics for what, topics in stage.log.reads if what == "missed"]
    assert bool(reads) == (recovered and not in_memory), "memory first, and the log only where it can help"


async def test_a_gap_too_heavy_for_one_reply_is_refused_whole(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    await stage.relay.hold([TOPIC])
    stage.hear(*[stage.message(1, size=PAGE_BYTES // 10) for _ in range(10)])
    answer, _ = await subscribe(stage, 10, request(0))
    assert (answer.recovered, answer.publications, answer.offset) == (False, (), 10)
    answer, _ = await subscribe(stage, 10, request(1))
    assert len(answer.publications) == 9


async def test_one_reply_has_one_budget_for_all_its_channels(stage: Stage) -> None:
    for number in (1, 2, 3):
        stage.make_channel(number, "alice")
        for _ in range(4):
            stage.message(number, size=PAGE_BYTES // 10)
    client = stage.client()
    subs = {room(n): {"recover": True, "offset": 0, "epoch": f"epoch of {n}"} for n in (1, 2, 3)}
    result = await client.connect(subs=subs)
    recovered = [bool(result["subs"][room(n)].get("recovered")) for n in (1, 2, 3)]
    assert recovered == [True, True, False]
    assert sum(len(payload_of(framed)) for framed in client.link.sent) < 1.5 * PAGE_BYTES
    assert result["subs"][room(3)]["was_recovering"]


async def test_a_room_without_memory_is_read_once_for_all_channels(stage: Stage) -> None:
    for number in range(20):
        stage.make_channel(number, "alice")
        stage.message(number)
    subs = {room(n): {"recover": True, "offset": 0, "epoch": f"epoch of {n}"} for n in range(20)}
    result = await stage.client().connect(subs=subs)
    assert all(result["subs"][room(n)]["recovered"] for n in range(20))
    assert [len(topics) for what, topics in stage.log.reads if what == "missed"] == [20]


@pytest.mark.parametrize("flag", [2, 3])
async def test_who_wants_all_or_nothing_gets_112(stage: Stage, flag: int) -> None:
    stage.make_channel(1, "alice")
    stage.message(1)
    client = stage.client()
    await client.connect(data={"subscribe": "feed"})
    position = {"channel": room(1), "recover": True, "flag": flag}
    assert await client.code("subscribe", **position, offset=0, epoch="_") == 112
    assert await client.code("subscribe", **position, offset=5, epoch=EPOCH_OF_1) == 112
    stage.hear(stage.message(1))
    assert await client.pushes() == [("live", "pub", (0, "channel.activity"))], "there is no subscription"
    reply = await client.ask("subscribe", **position, offset=1, epoch=EPOCH_OF_1)
    assert [pub["offset"] for pub in reply["subscribe"]["publications"]] == [2]


async def test_without_recover_a_position_means_nothing(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    stage.message(1)
    client = stage.client()
    result = await client.connect(subs={room(1): {"offset": 0, "epoch": EPOCH_OF_1}})
    assert result["subs"][room(1)] == {
        "recoverable": True,
        "positioned": True,
        "epoch": EPOCH_OF_1,
        "offset": 1,
    }


async def test_a_node_that_did_not_hear_of_the_new_epoch_recovers_nobody_from_the_old_one(stage: Stage) -> None:
    """Those that it had told so far hear that their position is lost."""
    stage.make_channel(1, "alice")
    await stage.relay.hold([TOPIC])
    stage.hear(stage.message(1), stage.message(1))
    _, other = await subscribe(stage, 2, None)
    stage.log.epochs[TOPIC] = "another"
    answer, _ = await subscribe(stage, 2, request(1))
    assert (answer.epoch, answer.offset, answer.recovered, answer.was_recovering) == ("another", 2, False, True)
    assert other.got == [(TOPIC, Eviction.POSITION_LOST)]
    assert (await subscribe(stage, 2, request(1, "another")))[0].recovered


async def test_where_what_happened_since_the_check_is_unknown_nobody_is_let_in(stage: Stage) -> None:
    """The membership was checked at 3, the room opened at 5, and the log was cleared in between."""
    stage.make_channel(1, "alice")
    for _ in range(5):
        stage.message(1)
    stage.log.firsts[TOPIC] = 6
    await stage.relay.hold([TOPIC])
    want = Want(name=room(1), topic=TOPIC, base=3, epoch=EPOCH_OF_1, request=request(1))
    with pytest.raises(ChatError) as caught:
        await collect(stage.relay, stage.history, [want])  # type: ignore[arg-type]  # the fake has what is needed
    assert caught.value.code is Code.UNAVAILABLE


async def test_a_position_that_the_client_made_up_hides_nothing(stage: Stage) -> None:
    """It names a position behind the end of its membership, which was checked before that."""
    stage.make_channel(1, "alice")
    for _ in range(3):
        stage.message(1)
    stage.user("alice")
    stage.leave(1, "alice")
    stage.message(1)
    await stage.relay.hold([TOPIC])
    want = Want(name=room(1), topic=TOPIC, base=3, epoch=EPOCH_OF_1, request=request(5))
    (caught,) = await collect(stage.relay, stage.history, [want])  # type: ignore[arg-type]  # the fake has what is needed
    assert caught.lost_access(user_sid("alice"))


@pytest.mark.parametrize(
    ("kinds", "base", "lost"),
    [
        ([], 0, False),
        ([("left", "alice")], 0, True),
        ([("left", "alice")], 1, False),
        ([("left", "bob")], 0, False),
        ([("left", "alice"), ("joined", "alice")], 0, False),
        ([("joined", "alice"), ("left", "alice")], 0, True),
        ([("left", "alice"), ("joined", "bob")], 0, True),
        ([("deleted", "")], 0, True),
        ([("left", "alice"), ("joined", "alice"), ("deleted", "")], 0, True),
    ],
)
async def test_access_that_ended_after_it_was_checked(kinds: list[tuple[str, str]], base: int, lost: bool) -> None:
    types = {
        "left": EventType.MEMBER_LEFT,
        "joined": EventType.MEMBER_JOINED,
        "deleted": EventType.CHANNEL_DELETED,
    }
    found = Room(ROOM)
    found.streamed = True
    for number, (kind, who) in enumerate(kinds, 1):
        found.ring.append(event(number, kind=types[kind], subject=user_sid(who) if who else ""))
        found.offset = number
    want = Want(name=room(1), topic=ROOM, base=base, epoch="", request=None)
    assert Caught(want=want, room=found, events=found.since(base)).lost_access(user_sid("alice")) == lost


async def test_a_stream_that_is_gone_may_not_be_read() -> None:
    want = Want(name=room(1), topic=ROOM, base=0, epoch="", request=None)
    assert Caught(want=want, room=Room(ROOM), events=()).lost_access(user_sid("alice"))


async def test_a_deleted_channel_cannot_be_subscribed(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = stage.client()
    await client.connect(data={"subscribe": "feed"})
    stage.history.gate.clear()
    client.say({"id": 2, "subscribe": {"channel": room(1)}})
    await settled()
    stage.hear(*stage.delete(1))
    stage.history.gate.set()
    replies = [m for m in await client.new() if m.get("id") == 2]
    assert replies[0]["error"]["code"] == 103
