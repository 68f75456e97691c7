"""Who is told of an event that has happened, and what becomes of the job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chatcore.domain.blueprint import new_service
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, ChannelSid, ServiceSid, WebhookSid
from chatcore.domain.jobs import JobKind
from chatcore.domain.model import Actor, Service
from chatcore.domain.webhooks import AccountWebhooks, ChannelWebhook, EventUrl, Vocabulary, WebhookType
from chatcore.ports.calls import Answered, Reply, Target, TimedOut, Told, Unreachable
from chatcore.ports.jobs import Claimed
from push.outcome import Dead, Done, Later
from push.webhooks import PostEvents

NOW = datetime(2026, 5, 17, tzinfo=UTC)
SERVICE, _ = new_service(AccountSid("AC1"), "Chat", ServiceSid("IS1"), NOW)
WEBHOOK = ChannelWebhook(
    sid=WebhookSid("WH1"),
    service_sid=ServiceSid("IS1"),
    channel_sid=ChannelSid("CH1"),
    vocabulary=Vocabulary.CHAT,
    type=WebhookType.WEBHOOK,
    url="https://scoped/",
    method="get",
    filters=("onMessageSent",),
    triggers=(),
    flow_sid=None,
    retry_count=2,
    replay_after=None,
    date_created=NOW,
    date_updated=NOW,
)
JOB = {
    "target": "service",
    "target_sid": "IS1",
    "account_sid": "AC1",
    "vocabulary": "chat",
    "action": "message.add",
    "event": "onMessageSent",
    "source": "SDK",
    "identity": "alice",
    "facts": {"channel": {"sid": "CH1"}, "message": {"body": "hello"}},
}


@dataclass(slots=True)
class Scene:
    service: Service | None = field(
        default_factory=lambda: replace(SERVICE, post_webhook_url="https://s/", webhook_filters=("onMessageSent",))
    )
    webhook: ChannelWebhook | None = WEBHOOK
    reply: Reply = field(default_factory=lambda: Answered(200))
    calls: list[tuple[Target, Told, int, str, float]] = field(default_factory=list)
    counted: list[str] = field(default_factory=list)

    async def settings(self, actor: Actor) -> Service:
        assert (actor.account_sid, actor.service_sid) == ("AC1", "IS1")
        if self.service is None:
            raise ChatError(Code.SERVICE_NOT_FOUND, "gone")
        return self.service

    async def get(self, channel_sid: ChannelSid, sid: str) -> ChannelWebhook | None:
        assert (channel_sid, sid) == ("CH1", "WH1")
        return self.webhook

    async def call(self, target: Target, told: Told, *, retry: int, token: str, patience: float) -> Reply:
        self.calls.append((target, told, retry, token, patience))
        return self.reply

    async def work(self, *, attempts: int = 1, **changes: Any) -> object:  # Any: JSON
        return await PostEvents(self, self.settings, self, self.counted.append).handle(job(attempts, **changes))

    @property
    def targets(self) -> list[Target]:
        return [target for target, *_ in self.calls]


def job(attempts: int = 1, **changes: Any) -> Claimed:  # Any: JSON
    return Claimed(
        id=7,
        kind=JobKind.WEBHOOK,
        service_sid=ServiceSid("IS1"),
        lane="IS1:chat:CH1",
        job={**JOB, **changes},
        progress={},
        created_at=NOW,
        attempts=attempts,
    )


def configured(**fields: Any) -> Service:  # Any: fields of a service
    return replace(SERVICE, **fields)


async def test_the_target_is_told_of_the_event() -> None:
    scene = Scene()
    assert await scene.work() == Done()
    ((target, told, retry, token, patience),) = scene.calls
    assert target == Target(url="https://s/", method="POST")
    assert (told.vocabulary, told.action, told.event) == ("chat", "message.add", "onMessageSent")
    assert (told.account_sid, told.service_sid, told.source, told.identity) == ("AC1", "IS1", "SDK", "alice")
    assert told.facts == JOB["facts"]
    assert (retry, len(token), patience) == (0, 36, 5.0)
    assert scene.counted == ["delivered"]


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_every_2xx_is_a_delivery(status: int) -> None:
    scene = Scene(reply=Answered(status, b"whatever"))
    assert await scene.work() == Done()


@pytest.mark.parametrize(
    ("reply", "why", "outcome"),
    [
        (Answered(301), "50057 the target answered 301", "failed"),
        (Answered(403), "50057 the target answered 403", "failed"),
        (Answered(500), "50057 the target answered 500", "failed"),
        (Answered(503), "50057 the target answered 503", "failed"),
        (Unreachable("refused"), "50057 refused", "failed"),
        (TimedOut(), "50076 the target did not answer in time", "timed_out"),
    ],
)
async def test_without_retries_a_failure_is_final(reply: Reply, why: str, outcome: str) -> None:
    scene = Scene(reply=reply)
    assert await scene.work() == Dead(why)
    assert scene.counted == [outcome]


@pytest.mark.parametrize("reply", [Answered(429), Answered(503), Answered(504), TimedOut()])
async def test_some_failures_are_repeated_as_often_as_configured(reply: Reply) -> None:
    scene = Scene(reply=reply)
    assert scene.service is not None
    scene.service = replace(scene.service, post_webhook_retry_count=3)
    found = [await scene.work(attempts=attempts) for attempts in (1, 2, 3, 4)]
    assert [outcome.after for outcome in found if isinstance(outcome, Later)] == [1, 2, 4]
    assert isinstance(found[3], Dead)
    assert [retry for _, _, retry, _, _ in scene.calls] == [0, 1, 2, 3]
    assert len({token for *_, token, _ in scene.calls}) == 1, "receivers recognise a repetition"
    assert scene.counted[:3] == ["retried"] * 3


@pytest.mark.parametrize("reply", [Answered(500), Answered(404), Unreachable("no")])
async def test_others_are_not(reply: Reply) -> None:
    scene = Scene(reply=reply)
    assert scene.service is not None
    scene.service = replace(scene.service, post_webhook_retry_count=3)
    assert isinstance(await scene.work(), Dead)


@pytest.mark.parametrize(
    "service",
    [
        None,
        configured(),
        configured(post_webhook_url="https://s/"),
        configured(webhook_filters=("onMessageSent",)),
        configured(post_webhook_url="https://s/", webhook_filters=("onMessageSend", "onMessageAdded")),
    ],
)
async def test_a_target_that_is_gone_or_changed_its_mind_hears_nothing(service: Service | None) -> None:
    scene = Scene(service=service)
    assert await scene.work() == Done()
    assert (scene.calls, scene.counted) == ([], ["obsolete"])


async def test_the_target_is_the_one_configured_now() -> None:
    scene = Scene(
        service=configured(post_webhook_url="https://n/", webhook_filters=("onMessageSent",), webhook_method="GET")
    )
    await scene.work()
    assert scene.targets == [Target(url="https://n/", method="GET")]


async def test_the_url_of_an_event_wins_for_chat() -> None:
    urls = {"onMessageSent": EventUrl(url="https://own/", method="GET"), "onMessageAdded": EventUrl(url="https://no/")}
    scene = Scene(service=configured(event_urls=urls))
    await scene.work()
    assert scene.targets == [Target(url="https://own/", method="GET")]
    assert await scene.work(vocabulary="conversations", event="onMessageAdded") == Done()
    assert len(scene.calls) == 1


async def test_the_accounts_target() -> None:
    webhooks = AccountWebhooks(post_url="https://a/", filters=("onMessageAdded",), method="GET")
    scene = Scene(service=configured(account_webhooks=webhooks, post_webhook_retry_count=3), reply=TimedOut())
    job: dict[str, Any] = {"target": "account", "target_sid": "AC1", "vocabulary": "conversations"}
    assert isinstance(await scene.work(**job, event="onMessageAdded"), Dead), "it has no retries"
    assert scene.targets == [Target(url="https://a/", method="GET")]
    assert await scene.work(**job, event="onMessageRemoved") == Done()
    assert len(scene.calls) == 1


SCOPED: dict[str, Any] = {"target": "scoped", "target_sid": "WH1"}


async def test_a_channels_own_target() -> None:
    scene = Scene(reply=TimedOut())
    assert await scene.work(**SCOPED) == Later(1.0, "50076 the target did not answer in time")
    assert isinstance(await scene.work(**SCOPED, attempts=3), Dead)
    assert scene.targets == [Target(url="https://scoped/", method="get")] * 2


@pytest.mark.parametrize(
    "webhook",
    [
        None,
        replace(WEBHOOK, filters=("onMessageUpdated",)),
        replace(WEBHOOK, url=None),
        replace(WEBHOOK, type=WebhookType.STUDIO, url=None, flow_sid="FW1"),
    ],
)
async def test_a_channels_target_that_is_gone_or_changed_its_mind_hears_nothing(webhook: ChannelWebhook | None) -> None:
    scene = Scene(webhook=webhook)
    assert await scene.work(**SCOPED) == Done()
    assert (scene.calls, scene.counted) == ([], ["obsolete"])


async def test_a_trigger_has_no_filters() -> None:
    scene = Scene(webhook=replace(WEBHOOK, type=WebhookType.TRIGGER, filters=(), triggers=("hello",)))
    assert await scene.work(**SCOPED) == Done()
    assert len(scene.calls) == 1


@pytest.mark.parametrize(
    "change",
    [{"target": "nobody"}, {"vocabulary": "latin"}, {"action": "message.sing"}, {"facts": []}, {"identity": 7}],
)
async def test_a_job_that_cannot_be_read_raises(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        await Scene().work(**change)


@pytest.mark.parametrize("missing", ["target", "account_sid", "vocabulary", "event", "source", "identity", "facts"])
async def test_a_job_with_something_missing_raises(missing: str) -> None:
    scene, whole = Scene(), job()
    broken = replace(whole, job={name: value for name, value in whole.job.items() if name != missing})
    with pytest.raises(KeyError):
        await PostEvents(scene, scene.settings, scene).handle(broken)


async def test_an_absent_database_is_somebody_elses_problem() -> None:
    async def settings(_: Actor) -> Service:
        raise ChatError(Code.UNAVAILABLE, "away")

    scene: Sequence[Scene] = [Scene()]
    with pytest.raises(ChatError):
        await PostEvents(scene[0], settings, scene[0]).handle(job())
