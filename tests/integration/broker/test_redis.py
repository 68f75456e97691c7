from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from chatcore.broker.redis import RedisBroker
from chatcore.domain.events import Announcement, Event, EventType, Signal, SignalType, Topic
from chatcore.ports.broker import Broker
from chatcore.resp.address import parse
from chatcore.resp.link import dial
from tests.support.patience import PATIENCE, until
from tests.support.valkey import Mortal

from .node import Node, event, running

ROOM = Topic("chat:CH1")
OTHER = Topic("chat:CH2")


def actions(caplog: pytest.LogCaptureFixture, level: str) -> list[object]:
    return [record.__dict__.get("action") for record in caplog.records if record.levelname == level]


async def test_an_announcement_arrives_unchanged_on_every_node_that_holds_the_topic(two: tuple[Node, Node]) -> None:
    said: list[Announcement] = [
        Event(topic=ROOM, offset=7, type=EventType.MEMBER_JOINED, payload='{"a":"\n\0ü"}'.encode(), subject="US1"),
        Signal(topic=ROOM, type=SignalType.TYPING, payload=b"", subject="US2"),
    ]
    for node in two:
        await node.broker.subscribe([ROOM])
    two[0].broker.publish(said)
    for node in two:
        await node.hears(2)
        assert node.heard == said


async def test_other_topics_are_not_heard(two: tuple[Node, Node]) -> None:
    await two[1].broker.subscribe([ROOM])
    two[0].broker.publish([event(OTHER, 1), event(ROOM, 2)])
    await until(two[1].offsets)
    assert two[1].offsets() == [2]


async def test_an_abandoned_topic_is_not_heard(two: tuple[Node, Node]) -> None:
    await two[1].broker.subscribe([ROOM, OTHER])
    await two[1].broker.unsubscribe([OTHER])
    await two[1].broker.unsubscribe([OTHER])
    two[0].broker.publish([event(OTHER, 1), event(ROOM, 2)])
    await until(two[1].offsets)
    assert two[1].offsets() == [2]


async def test_a_topic_may_be_abandoned_and_taken_again_at_once(two: tuple[Node, Node]) -> None:
    broker = two[1].broker
    await broker.subscribe([ROOM])
    await asyncio.gather(broker.unsubscribe([ROOM]), broker.subscribe([ROOM]))
    two[0].broker.publish([event(ROOM, 1)])
    await until(two[1].offsets)


async def test_what_is_published_after_the_confirmation_arrives(two: tuple[Node, Node]) -> None:
    for number in range(50):
        topic = Topic(f"chat:CH{number}")
        await two[1].broker.subscribe([topic])
        two[0].broker.publish([event(topic, number)])
    await two[1].hears(50)


async def test_many_announcements_arrive_in_the_order_of_their_publisher(two: tuple[Node, Node]) -> None:
    await two[1].broker.subscribe([ROOM])
    payload = b"x" * 250
    for start in range(0, 20_000, 100):
        two[0].broker.publish([event(ROOM, start + i, payload) for i in range(100)])
        await asyncio.sleep(0)
    await two[1].hears(20_000)
    assert two[1].offsets() == list(range(20_000))


async def test_a_listener_that_fails_hears_the_next_announcement(
    two: tuple[Node, Node], caplog: pytest.LogCaptureFixture
) -> None:
    heard = []

    def listen(announcement: object) -> None:
        heard.append(announcement)
        raise ValueError

    two[1].broker.connect(listen, lambda: None)
    await two[1].broker.subscribe([ROOM])
    two[0].broker.publish([event(ROOM, 1), event(ROOM, 2)])
    await until(lambda: len(heard) == 2)
    assert actions(caplog, "ERROR") == ["message_failed"] * 2


async def test_databases_of_one_server_are_parted(redis_url: str, redis_prefix: str) -> None:
    async with (
        running(redis_url, redis_prefix, "zero") as zero,
        running(f"{redis_url}?db=1", redis_prefix, "first") as first,
        running(f"{redis_url}?db=1", redis_prefix, "second") as second,
    ):
        for node in (zero, first):
            await node.broker.subscribe([ROOM])
        second.broker.publish([event(ROOM, 1)])
        zero.broker.publish([event(ROOM, 2)])
        await until(first.offsets)
        await until(zero.offsets)
        assert (zero.offsets(), first.offsets()) == ([2], [1])


async def test_garbage_is_ignored_and_logged_once(
    redis_url: str, redis_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(redis_url, redis_prefix, "one") as node:
        await node.broker.subscribe([ROOM])
        stranger = await dial(parse(redis_url), lambda _channel, _data: None, name="stranger")
        try:
            for text in (b"", b"9E 1 x y\n", b"1E x message.added \n{}"):
                await stranger.call(("PUBLISH", f"{redis_prefix}{ROOM}", text))
        finally:
            stranger.abort()
        node.broker.publish([event(ROOM, 1)])
        await until(node.offsets)
    assert actions(caplog, "WARNING") == ["broker_misunderstood"]


async def test_a_process_that_only_publishes_needs_no_task(redis_url: str, redis_prefix: str) -> None:
    async with running(redis_url, redis_prefix, "one") as node:
        await node.broker.subscribe([ROOM])
        brief = RedisBroker(redis_url, node="brief", prefix=redis_prefix)
        await brief.open()
        brief.publish([event(ROOM, 1)])
        brief.publish([event(ROOM, 2)])
        await brief.close()
        assert not brief.connected
        await until(lambda: node.offsets() == [1, 2])


async def test_publishing_goes_on_after_the_task_until_close(redis_url: str, redis_prefix: str) -> None:
    async with running(redis_url, redis_prefix, "one") as node:
        await node.broker.subscribe([ROOM])
        leaving = RedisBroker(redis_url, node="leaving", prefix=redis_prefix)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(leaving.run())
            await until(lambda: leaving.connected)
            task.cancel()
        leaving.publish([event(ROOM, 1)])
        await leaving.close()
        await until(lambda: node.offsets() == [1])


# Questions.


def answering(number: int) -> Callable[[Topic, bytes], bytes]:
    return lambda topic, question: b"%s %s %d" % (topic.encode(), question, number)


async def test_every_holder_answers_the_asker_included(two: tuple[Node, Node]) -> None:
    for number, node in enumerate(two):
        node.broker.answer(answering(number))
        await node.broker.subscribe([ROOM])
    answers = await two[0].broker.ask(ROOM, b"who?", patience=5)
    assert sorted(answers) == [b"chat:CH1 who? 0", b"chat:CH1 who? 1"]


async def test_silent_nodes_do_not_delay_the_answers(two: tuple[Node, Node]) -> None:
    two[0].broker.answer(lambda _topic, _text: b"here")
    for node in two:
        await node.broker.subscribe([ROOM])
    async with asyncio.timeout(PATIENCE):
        assert await two[1].broker.ask(ROOM, b"who?", patience=60) == [b"here"]


async def test_nobody_answers_for_a_topic_that_nobody_holds(two: tuple[Node, Node]) -> None:
    async with asyncio.timeout(PATIENCE):
        assert await two[0].broker.ask(ROOM, b"who?", patience=60) == []


async def test_a_failing_responder_counts_as_silent(two: tuple[Node, Node], caplog: pytest.LogCaptureFixture) -> None:
    def fail(_topic: Topic, _text: bytes) -> bytes:
        raise ValueError

    two[1].broker.answer(fail)
    await two[1].broker.subscribe([ROOM])
    async with asyncio.timeout(PATIENCE):
        assert await two[0].broker.ask(ROOM, b"who?", patience=60) == []
    assert actions(caplog, "ERROR") == ["message_failed"]


async def test_patience_ends_a_question(redis_url: str, redis_prefix: str) -> None:
    async with running(redis_url, redis_prefix, "one") as node:
        stranger = await dial(parse(redis_url), lambda _channel, _data: None, name="stranger")
        try:
            await stranger.subscribe([f"{redis_prefix}{ROOM}".encode()])
            assert await node.broker.ask(ROOM, b"who?", patience=0.05) == []
        finally:
            stranger.abort()


# Trouble.


async def test_after_a_crash_of_the_server_everything_is_subscribed_again(mortal: Mortal) -> None:
    async with running(mortal.url, "t:", "one") as one, running(mortal.url, "t:", "two") as two:
        await two.broker.subscribe([ROOM])
        await mortal.kill()
        await until(lambda: not one.broker.connected and not two.broker.connected)
        await two.broker.subscribe([OTHER])
        await mortal.revive()
        await until(lambda: one.restored and two.restored)
        one.broker.publish([event(ROOM, 1), event(OTHER, 2)])
        await until(lambda: two.offsets() == [1, 2])
        assert two.restored == 1


async def test_what_was_published_meanwhile_leaves_when_the_server_is_back(mortal: Mortal) -> None:
    async with running(mortal.url, "t:", "one") as one:
        await one.broker.subscribe([ROOM])
        await mortal.kill()
        one.broker.publish([event(ROOM, 1)])
        await until(lambda: not one.broker.connected)
        one.broker.publish([event(ROOM, 2)])
        await mortal.revive()
        await until(lambda: one.offsets() == [1, 2])


async def test_a_node_may_start_before_the_server(mortal: Mortal) -> None:
    await mortal.kill()
    async with running(mortal.url, "t:", "one", connected=False) as one:
        await one.broker.open()
        async with asyncio.timeout(PATIENCE):
            await one.broker.subscribe([ROOM])
        with pytest.raises(ConnectionError):
            await one.broker.ping()
        await mortal.revive()
        await until(lambda: one.restored == 1)
        await one.broker.ping()
        one.broker.publish([event(ROOM, 1)])
        await until(lambda: one.offsets() == [1])


async def test_the_first_connection_restores_nothing(two: tuple[Node, Node]) -> None:
    await two[0].broker.ping()
    assert (two[0].restored, two[1].restored) == (0, 0)


async def test_a_server_that_hangs_counts_as_away(mortal: Mortal) -> None:
    async with running(mortal.url, "t:", "one") as one:
        await one.broker.subscribe([ROOM])
        mortal.freeze()
        waiting = asyncio.ensure_future(one.broker.subscribe([OTHER]))
        await until(lambda: not one.broker.connected)
        await waiting
        mortal.thaw()
        await until(lambda: one.restored == 1)
        one.broker.publish([event(ROOM, 1), event(OTHER, 2)])
        await until(lambda: one.offsets() == [1, 2])


async def test_while_the_server_is_away_a_node_answers_itself(mortal: Mortal) -> None:
    async with running(mortal.url, "t:", "one") as one:
        one.broker.answer(lambda _topic, _text: b"here")
        await one.broker.subscribe([ROOM])
        await mortal.kill()
        await until(lambda: not one.broker.connected)
        assert await one.broker.ask(ROOM, b"who?", patience=1) == [b"here"]
        assert await one.broker.ask(OTHER, b"who?", patience=1) == []


async def test_trouble_is_logged_once_per_outage(mortal: Mortal, caplog: pytest.LogCaptureFixture) -> None:
    async with running(mortal.url, "t:", "one") as one:
        await mortal.kill()
        await until(lambda: not one.broker.connected)
        for _ in range(5):
            await one.broker.open()
        await mortal.revive()
        await until(lambda: one.broker.connected)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings
    assert len(warnings) == len(set(warnings))


async def test_wrong_credentials_are_reported(
    redis_url: str, redis_prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = redis_url.replace("unix://", "unix://nobody:secret@", 1)
    broker = RedisBroker(url, node="one", prefix=redis_prefix)
    await broker.open()
    assert not broker.connected
    assert "WRONGPASS" in caplog.text
    assert "secret" not in caplog.text


def test_the_driver_satisfies_the_port(redis_url: str) -> None:
    broker: Broker = RedisBroker(redis_url, node="one")
    assert not broker.connected
