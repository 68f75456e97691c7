"""Events on their way from the command that made them to the target that wants them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.commands.messages import MessagePatch
from chatcore.commands.users import UserDraft
from chatcore.domain.ids import Identity, ServiceSid
from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.model import ChannelType
from chatcore.domain.webhooks import EVENTS, POST_EVENTS, Vocabulary, WebhookType
from chatcore.store.dead_letters import DeadLetters
from chatcore.store.outbox import LEASE, Queue
from push.timers import Timers
from tests.integration.commands.world import node
from tests.support.receiver import Hang, Heard, Raw, Receiver, Reset, Say, receiver

from .rig import AUTH_TOKEN, Office, asking, eventually


async def test_a_message_is_told(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await office.service_target(hook.url("/hook?env=test"), "onMessageSent")
    async with office.working():
        message = await world.send(channel, "hello & goodbye, ü", by=alice)
        heard = await hook.request()
    assert heard.is_signed_by(AUTH_TOKEN)
    assert heard.method == "POST"
    assert heard.parameters == {
        "EventType": "onMessageSent",
        "AccountSid": world.service.account_sid,
        "InstanceSid": world.service.sid,
        "Source": "SDK",
        "ClientIdentity": "alice",
        "RetryCount": "0",
        "MessageSid": message.sid,
        "Index": "0",
        "ChannelSid": channel.sid,
        "Body": "hello & goodbye, ü",
        "Attributes": "{}",
        "From": "alice",
        "DateCreated": message.date_created.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    assert office.counted == {"delivered": 1}
    assert await office.rows() == []


async def test_rest_callers_are_told_of_when_they_ask_for_it(office: Office, hook: Receiver) -> None:
    world = office.world
    await office.service_target(hook.url(), "onChannelAdded", webhook_method="GET")
    async with office.working():
        await world.chat.channels.create(world.rest, ChannelDraft(unique_name="silent"))
        await world.chat.channels.create(asking(world.rest), ChannelDraft(unique_name="loud"))
        heard = await hook.request()
        await office.drained()
    assert (heard.method, heard.parameters["UniqueName"], heard.parameters["Source"]) == ("GET", "loud", "API")
    assert heard.is_signed_by(AUTH_TOKEN)
    assert len(hook.heard) == 1


async def test_every_target_is_told_in_its_own_words(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channel = await world.channel("alice", private=True)
    await office.service_target(hook.url("/service"), "onMessageSent", "onMessageAdded")
    await office.account_target(hook.url("/account"), "onMessageAdded")
    await office.scoped_target(channel, hook.url("/scoped"), "onMessageSent")
    await office.scoped_target(channel, hook.url("/trigger"), type=WebhookType.TRIGGER, triggers=("HELP",))
    await office.scoped_target(channel, hook.url("/studio"), type=WebhookType.STUDIO, flow_sid="FW1")
    async with office.working():
        await world.send(channel, "please help me", by=alice)
        await world.send(channel, "never mind", by=alice)
        await office.drained()
    told = sorted((h.url.rpartition("/")[2], h.parameters["EventType"], h.parameters["Body"]) for h in hook.heard)
    assert told == [
        ("account", "onMessageAdded", "never mind"),
        ("account", "onMessageAdded", "please help me"),
        ("scoped", "onMessageSent", "never mind"),
        ("scoped", "onMessageSent", "please help me"),
        ("service", "onMessageAdded", "never mind"),
        ("service", "onMessageAdded", "please help me"),
        ("service", "onMessageSent", "never mind"),
        ("service", "onMessageSent", "please help me"),
        ("trigger", "onMessageSent", "please help me"),
    ]
    assert office.counted["obsolete"] == 2


async def test_events_of_a_channel_arrive_in_the_order_of_their_commits(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channels = [await world.channel("alice") for _ in range(3)]
    await office.service_target(hook.url(), "onMessageSent")
    async with office.working() as one, office.working() as two:
        for number in range(20):
            await asyncio.gather(*(world.send(channel, str(number), by=alice) for channel in channels))
            one.wake()
            two.wake()
        await office.drained()
    for channel in channels:
        told = [h.parameters["Body"] for h in hook.heard if h.parameters["ChannelSid"] == channel.sid]
        assert told == [str(number) for number in range(20)]
    assert len(hook.heard) == 60


async def test_a_repetition_keeps_its_place_and_holds_up_its_channel_alone(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    slow, other = await world.channel("alice"), await world.channel("alice")
    await office.service_target(hook.url(), "onMessageSent", post_webhook_retry_count=1)
    refusals = [Say(503)]

    def react(heard: Heard) -> Say:
        return refusals.pop() if heard.parameters["Body"] == "first" and refusals else Say()

    hook.react = react
    async with office.working():
        await world.send(slow, "first", by=alice)
        await hook.request()
        await world.send(slow, "second", by=alice)
        await world.send(other, "elsewhere", by=alice)
        await office.drained()
    assert [h.parameters["Body"] for h in hook.heard] == ["first", "elsewhere", "first", "second"]
    once, again = hook.heard[0], hook.heard[2]
    assert (once.parameters["RetryCount"], again.parameters["RetryCount"]) == ("0", "1")
    token = "i-twilio-idempotency-token"
    assert once.headers[token] == again.headers[token] != hook.heard[1].headers[token]
    assert again.is_signed_by(AUTH_TOKEN)
    assert office.counted == {"retried": 1, "delivered": 3}


@pytest.mark.parametrize(
    ("reaction", "reason"),
    [
        (Say(500), "50057 the target answered 500"),
        (Say(302, b"", {"Location": "/elsewhere"}), "50057 the target answered 302"),
        (Reset(), "50057 "),
        (Raw(b"garbage\r\n\r\n"), "50057 "),
    ],
)
async def test_a_delivery_that_fails_is_set_aside_and_the_next_one_goes_out(
    office: Office, hook: Receiver, reaction: Say | Reset | Raw, reason: str
) -> None:
    world = office.world
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await office.service_target(hook.url(), "onMessageSent", post_webhook_retry_count=3)
    hook.answers(reaction, Say())
    async with office.working():
        await world.send(channel, "lost", by=alice)
        await world.send(channel, "next", by=alice)
        await office.drained()
    (dead,) = await office.rows("outbox_dead")
    assert dead["reason"].startswith(reason)
    assert dead["job"]["facts"]["message"]["body"] == "lost"
    assert [h.parameters["Body"] for h in hook.heard] == ["lost", "next"]


async def test_a_dead_letter_can_be_replayed(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await office.service_target(hook.url(), "onMessageSent")
    hook.answers(Say(500), Say())
    async with office.working():
        await world.send(channel, by=alice)
        await eventually(lambda: office.rows("outbox_dead"))
        await DeadLetters(world.pool).replay(JobKind.WEBHOOK, ids=None, service_sid=world.service.sid)
        await office.drained()
    first, second = hook.heard
    assert second.parameters == first.parameters
    token = "i-twilio-idempotency-token"
    assert second.headers[token] == first.headers[token]


async def test_one_target_that_is_silent_holds_up_nobody_else(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channel = await world.channel("alice", private=True)
    async with receiver() as silent:
        silent.answers(Hang())
        await office.service_target(silent.url(), "onMessageSent")
        await office.account_target(hook.url(), "onMessageAdded")
        async with office.working():
            for number in range(5):
                await world.send(channel, str(number), by=alice)
            await hook.until(lambda: len(hook.heard) == 5)
            assert len(silent.heard) == 1
            await world.configure(post_webhook_url=None)
    left = await office.rows()
    assert [row["job"]["event"] for row in left] == ["onMessageSent"] * len(left)


async def test_a_service_that_is_deleted_is_silent(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await office.service_target(hook.url(), "onMessageSent")
    await world.send(channel, by=alice)
    await world.chat.services.delete(world.service.account_sid, world.service.sid)
    async with office.working():
        await office.drained()
    assert (hook.heard, office.counted) == ([], {"obsolete": 1})


async def test_jobs_of_a_worker_that_vanished_are_done_by_another(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await office.service_target(hook.url(), "onMessageSent")
    for number in range(3):
        await world.send(channel, str(number), by=alice)
    await Queue(world.pool, "vanished").claim(JobKind.WEBHOOK, 10)
    async with office.working():
        await world.pool.execute("UPDATE outbox SET due_at = due_at - $1::interval", LEASE)
        await office.drained()
    assert [h.parameters["Body"] for h in hook.heard] == ["0", "1", "2"]
    assert hook.heard[0].parameters["RetryCount"] == "1", "it may have been told before"


async def test_a_worker_that_stops_in_time_loses_nothing_and_repeats_nothing(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channels = [await world.channel("alice") for _ in range(10)]
    await office.service_target(hook.url(), "onMessageSent")
    for number in range(5):
        for channel in channels:
            await world.send(channel, str(number), by=alice)
    while await office.rows():
        async with office.working():
            count = len(hook.heard)
            await hook.until(lambda count=count: len(hook.heard) > count)  # type: ignore[misc]
    assert len(hook.heard) == 50
    assert {h.parameters["RetryCount"] for h in hook.heard} == {"0"}


async def test_poison_is_set_aside_and_the_others_go_on(office: Office, hook: Receiver) -> None:
    world = office.world
    alice = await world.user("alice")
    channel = await world.channel("alice")
    await office.service_target(hook.url(), "onMessageSent")
    broken = Job(
        kind=JobKind.WEBHOOK, service_sid=ServiceSid("IS1"), job={"what": "?"}, lane="x", expires_in=timedelta(hours=1)
    )
    await world.store.read.outbox.put([broken], world.clock.now())
    async with office.working():
        await world.send(channel, by=alice)
        await hook.request()

        async def dead() -> object:
            await world.pool.execute("UPDATE outbox SET due_at = now() WHERE claimed_by IS NULL")
            return await office.rows("outbox_dead")

        await eventually(dead)
    (row,) = await office.rows("outbox_dead")
    assert (row["reason"], row["attempts"]) == ("KeyError: 'facts'", 5)


async def test_read_horizons_are_told(office: Office, hook: Receiver) -> None:
    world = office.world
    alice, bob = await world.user("alice"), await world.user("bob")
    channel = await world.channel("alice", "bob")
    quiet = await world.channel("alice")
    await world.send(channel, by=alice)
    await world.send(quiet, by=alice)
    await office.scoped_target(channel, hook.url(), "onMemberUpdated")
    async with office.working():
        await asyncio.gather(*(world.chat.horizons.report(who, channel.sid, 0) for who in (alice, bob)))
        await world.chat.horizons.report(alice, quiet.sid, 0)
        await office.drained()
    told = sorted((h.parameters["Identity"], h.parameters["LastConsumedMessageIndex"]) for h in hook.heard)
    assert told == [("alice", "0"), ("bob", "0")]
    assert {h.parameters["ChannelSid"] for h in hook.heard} == {channel.sid}
    assert {h.parameters["Source"] for h in hook.heard} == {"SDK"}
    assert not any(action.value == "member.update" for action, _ in world.hook.asked), "nobody is asked before"


async def test_reachability_is_told_where_it_is_wanted(office: Office, hook: Receiver) -> None:
    world = office.world
    await world.user("alice")
    await office.service_target(hook.url(), "onUserUpdated")
    changes = {Identity("alice"): True, Identity("nobody"): True}
    async with office.working():
        await world.chat.users.tell_reachability(world.service.sid, changes)
        await world.configure(reachability_enabled=True)
        await world.chat.users.tell_reachability(world.service.sid, changes)
        await world.chat.users.tell_reachability(ServiceSid("IS" + "0" * 32), changes)
        heard = await hook.request()
        await office.drained()
    assert len(hook.heard) == 1
    assert (heard.parameters["Identity"], heard.parameters["IsOnline"]) == ("alice", "true")
    assert (heard.parameters["Source"], "ClientIdentity" in heard.parameters) == ("API", False)


async def test_a_timer_fires_once_however_many_workers_there_are(office: Office, hook: Receiver) -> None:
    world = office.world
    draft = ChannelDraft(type=ChannelType.PRIVATE, inactive_after=60)
    channel, _ = await world.chat.channels.create(world.rest, draft)
    await office.service_target(hook.url(), "onConversationStateUpdated")
    async with node(world.store) as (chat, _, clock), office.working(), office.working():
        clock.passed = world.clock.passed = 61.0
        moved = await asyncio.gather(*(Timers(c.channels).step() for c in (chat, world.chat) for _ in range(3)))
        assert sum(moved) == 1
        heard = await hook.request()
        await office.drained()
    assert len(hook.heard) == 1
    parameters = heard.parameters
    assert (parameters["ConversationSid"], parameters["Reason"], parameters["Source"]) == (channel.sid, "TIMER", "API")
    assert (parameters["StateFrom"], parameters["StateTo"]) == ("active", "inactive")


async def test_deliveries_reach_the_messaging_gateway(office: Office) -> None:
    guests = [{"sid": "MB1", "type": "sms", "address": "+1", "proxy_address": "+2"}]
    told = {
        "channel_sid": "CH1", "message_sid": "IM1", "message_index": 0, "author": "a", "body": "b", "media": [],
        "guests": guests,
    }  # fmt: skip
    job = Job(kind=JobKind.DELIVERY, service_sid=office.world.service.sid, job=told, expires_in=timedelta(hours=1))
    await office.world.store.read.outbox.put([job], office.world.clock.now())
    async with office.working():
        await office.drained()
    assert [delivery.recipients[0].address for delivery in office.gateway.delivered] == ["+1"]


async def test_everything_that_happens_is_told_in_both_vocabularies(office: Office, hook: Receiver) -> None:
    """A walk through a conversation's life: every event but a delivery receipt, each with a signature that holds."""
    world = office.world
    every = sorted(EVENTS[Vocabulary.CHAT] | EVENTS[Vocabulary.CONVERSATIONS])
    await office.service_target(hook.url(), *every)
    rest = asking(world.rest)
    alice = await world.user("alice")
    draft = ChannelDraft(type=ChannelType.PRIVATE, inactive_after=60, friendly_name="F")
    async with office.working():
        channel, _ = await world.chat.channels.create(rest, draft)
        await world.chat.channels.update(rest, channel.sid, ChannelDraft(attributes='{"a":1}'))
        await world.chat.members.add(rest, channel.sid, "alice", MemberDraft())
        await world.chat.members.update(rest, channel.sid, "alice", MemberPatch(attributes="[]"))
        await world.chat.users.update(alice, "alice", UserDraft(friendly_name="Alice"))
        message = await world.send(channel, by=alice)
        await world.chat.messages.update(alice, channel.sid, message.sid, MessagePatch(body="edited"))
        await world.chat.messages.delete(alice, channel.sid, message.sid)
        world.clock.passed += 61
        assert await Timers(world.chat.channels).step() == 1
        await world.chat.members.remove(rest, channel.sid, "alice")
        await world.chat.channels.delete(rest, channel.sid)
        await office.drained()
    told = [h.parameters["EventType"] for h in hook.heard]
    expected = POST_EVENTS[Vocabulary.CHAT] | POST_EVENTS[Vocabulary.CONVERSATIONS]
    assert expected - set(told) == {"onMediaMessageSent", "onDeliveryUpdated"}
    assert all(h.is_signed_by(AUTH_TOKEN) for h in hook.heard)
    assert office.counted == {"delivered": len(told)}
    assert not any(value == "None" for h in hook.heard for value in h.parameters.values())
