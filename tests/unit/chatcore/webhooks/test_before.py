"""Who is asked, in which order, how often, and what comes of it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chatcore.domain.blueprint import new_service
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.ids import AccountSid, Identity, ServiceSid
from chatcore.domain.model import Actor, Service
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import AccountWebhooks, Action, EventUrl, Vocabulary
from chatcore.ports.calls import Answered, Reply, Target, TimedOut, Told, Unreachable
from chatcore.ports.hooks import Changes
from chatcore.webhooks.before import PATIENCE, BeforeCalls

SERVICE, _ = new_service(AccountSid("AC1"), "Chat", ServiceSid("IS1"), datetime(2026, 5, 17, tzinfo=UTC))
ALICE = Actor(account_sid=AccountSid("AC1"), service_sid=ServiceSid("IS1"), identity=Identity("alice"))
MESSAGE: Facts = {"channel": {"type": "private", "sid": "CH1"}, "message": {"body": "old", "media": []}}
EMPTY = Answered(200)


@dataclass(slots=True)
class Scene:
    """`replies` are given in turn; each takes `pace` seconds."""

    service: Service
    facts: Facts | None = field(default_factory=lambda: MESSAGE)
    replies: list[Reply] = field(default_factory=list)
    pace: float = 0.0
    calls: list[tuple[Target, Told, int, str, float]] = field(default_factory=list)
    looks: int = 0
    counted: list[str] = field(default_factory=list)
    time: float = 0.0

    async def settings(self, actor: Actor) -> Service:
        return self.service

    async def look(self) -> Facts:
        if self.facts is None:
            raise ChatError(Code.CHANNEL_NOT_FOUND, "Channel was not found")
        self.looks += 1
        return self.facts

    async def call(self, target: Target, told: Told, *, retry: int, token: str, patience: float) -> Reply:
        self.calls.append((target, told, retry, token, patience))
        self.time += min(self.pace, patience)
        return self.replies.pop(0) if self.replies else EMPTY

    def now(self) -> datetime:
        raise AssertionError("nobody asks for the date")

    def monotonic(self) -> float:
        return self.time

    async def ask(self, action: Action = Action.MESSAGE_ADD, actor: Actor = ALICE) -> Changes:
        return await BeforeCalls(self, self.settings, self, self.counted.append).before(actor, action, self.look)

    @property
    def asked(self) -> list[str]:
        return [f"{told.vocabulary} {told.event} {target.url}" for target, told, *_ in self.calls]


def scene(*filters: str, account: tuple[str, ...] = (), **fields: Any) -> Scene:
    """Any: fields of a service, or of the scene itself."""
    own = {name: fields.pop(name) for name in list(fields) if name in Scene.__slots__}
    if filters:
        fields = {"pre_webhook_url": "https://s/", "webhook_filters": filters} | fields
    if account:
        fields["account_webhooks"] = AccountWebhooks(pre_url="https://a/", filters=account)
    return Scene(replace(SERVICE, **fields), **own)


def json(body: str) -> Answered:
    return Answered(200, body.encode())


async def test_without_targets_nothing_is_looked_at() -> None:
    for made in (scene(), scene("onMessageUpdate"), scene("onMessageSend", pre_webhook_url=None)):
        assert await made.ask() == {}
        assert (made.looks, made.calls) == (0, [])


async def test_servers_are_never_asked_about() -> None:
    made = scene("onMessageSend", account=("onMessageAdd",))
    assert await made.ask(actor=replace(ALICE, identity=None, webhooks=True)) == {}
    assert (made.looks, made.calls) == (0, [])


async def test_nobody_is_asked_about_what_is_not_allowed_or_not_there() -> None:
    made = scene("onMessageSend", facts=None)
    with pytest.raises(ChatError) as refused:
        await made.ask()
    assert refused.value.code is Code.CHANNEL_NOT_FOUND
    assert made.calls == []


async def test_the_target_hears_who_wants_what() -> None:
    made = scene("onMessageSend", webhook_method="GET")
    assert await made.ask() == {}
    ((target, told, retry, token, patience),) = made.calls
    assert target == Target(url="https://s/", method="GET")
    assert (told.source, told.identity, told.account_sid, told.service_sid) == ("SDK", "alice", "AC1", "IS1")
    assert told.facts == {"by": "alice", **MESSAGE}
    assert (retry, len(token), patience) == (0, 36, PATIENCE)
    assert made.counted == ["passed"]


@pytest.mark.parametrize(
    ("filters", "account", "type_", "asked"),
    [
        (["onMessageSend"], [], "public", ["chat onMessageSend https://s/"]),
        (["onMessageAdd"], [], "public", []),
        (["onMessageAdd"], [], "private", ["conversations onMessageAdd https://s/"]),
        (["onMessageSent", "onmessagesend"], [], "private", []),
        ([], ["onMessageAdd"], "public", []),
        (
            ["onMessageAdd", "onMessageSend"],
            ["onMessageAdd"],
            "private",
            [
                "conversations onMessageAdd https://a/",
                "chat onMessageSend https://s/",
                "conversations onMessageAdd https://s/",
            ],
        ),
    ],
)
async def test_targets_are_asked_in_order_and_by_name(
    filters: list[str], account: list[str], type_: str, asked: list[str]
) -> None:
    facts = {**MESSAGE, "channel": {"type": type_}}
    made = scene(*filters, account=tuple(account), facts=facts)
    await made.ask()
    assert made.asked == asked


async def test_a_name_of_both_vocabularies_is_asked_once() -> None:
    made = scene("onMessageUpdate")
    await made.ask(Action.MESSAGE_UPDATE)
    assert made.asked == ["chat onMessageUpdate https://s/"]


async def test_messages_with_files_have_names_of_their_own_in_chat() -> None:
    facts = {**MESSAGE, "message": {"body": None, "media": [{"sid": "ME1"}]}}
    made = scene("onMessageSend", "onMediaMessageSend", facts=facts)
    await made.ask()
    assert made.asked == ["chat onMediaMessageSend https://s/"]


async def test_the_url_of_an_event_wins_and_needs_no_filter() -> None:
    urls: Mapping[str, EventUrl] = {"onMessageSend": EventUrl(url="https://own/", method="GET")}
    for made in (scene(event_urls=urls), scene("onMessageSend", event_urls=urls)):
        await made.ask()
        assert made.asked == ["chat onMessageSend https://own/"]
        assert made.calls[0][0].method == "GET"


async def test_users_have_no_channel() -> None:
    made = scene(account=("onUserUpdate",), facts={"user": {"sid": "US1"}})
    await made.ask(Action.USER_UPDATE)
    assert made.asked == ["conversations onUserUpdate https://a/"]


async def test_the_second_target_sees_what_the_first_one_changed() -> None:
    made = scene("onMessageSend", account=("onMessageAdd",), replies=[json('{"body":"1"}'), json('{"author":"2"}')])
    assert await made.ask() == {"body": "1", "author": "2"}
    assert made.calls[1][1].facts["message"] == {"body": "1", "media": []}
    assert made.counted == ["changed", "changed"]
    assert made.facts == MESSAGE


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 503])
async def test_who_refuses_first_has_decided(status: int) -> None:
    made = scene("onMessageSend", account=("onMessageAdd",), replies=[Answered(status)])
    with pytest.raises(ChatError) as caught:
        await made.ask()
    assert caught.value.code is Code.WEBHOOK_REJECTED
    assert (len(made.calls), made.counted) == (1, ["rejected"])


@pytest.mark.parametrize("reply", [TimedOut(), Unreachable("no")])
async def test_no_answer_lets_it_happen(reply: Reply) -> None:
    made = scene("onMessageSend", replies=[reply])
    assert await made.ask() == {}
    assert made.counted == ["unanswered"]


@pytest.mark.parametrize("reply", [TimedOut(), Answered(429), Answered(503), Answered(504)])
async def test_some_failures_are_tried_again_at_once(reply: Reply) -> None:
    made = scene("onMessageSend", pre_webhook_retry_count=2, replies=[reply, reply, json('{"body":"x"}')])
    assert await made.ask() == {"body": "x"}
    assert [retry for _, _, retry, _, _ in made.calls] == [0, 1, 2]
    assert len({token for *_, token, _ in made.calls}) == 1


@pytest.mark.parametrize("reply", [Unreachable("no"), Answered(500), Answered(403), Answered(301)])
async def test_other_failures_are_not(reply: Reply) -> None:
    made = scene("onMessageSend", pre_webhook_retry_count=3, replies=[reply])
    with contextlib.suppress(ChatError):
        await made.ask()
    assert len(made.calls) == 1


async def test_after_the_last_attempt_its_answer_counts() -> None:
    made = scene("onMessageSend", pre_webhook_retry_count=1, replies=[TimedOut(), Answered(503)])
    with pytest.raises(ChatError):
        await made.ask()
    made = scene("onMessageSend", pre_webhook_retry_count=1, replies=[Answered(503), TimedOut()])
    assert await made.ask() == {}


async def test_the_accounts_target_is_asked_once() -> None:
    made = scene(account=("onMessageAdd",), pre_webhook_retry_count=3, replies=[TimedOut()])
    assert await made.ask() == {}
    assert len(made.calls) == 1


async def test_all_attempts_share_the_time() -> None:
    replies: list[Reply] = [TimedOut()] * 4
    made = scene("onMessageSend", account=("onMessageAdd",), pre_webhook_retry_count=3, replies=replies, pace=2.0)
    assert await made.ask() == {}
    assert [patience for *_, patience in made.calls] == [4.5, 2.5, 0.5]
    assert made.time == PATIENCE


async def test_when_the_time_is_over_the_next_target_is_not_asked() -> None:
    made = scene("onMessageSend", account=("onMessageAdd",), replies=[TimedOut()], pace=5.0)
    assert await made.ask() == {}
    assert made.asked == ["conversations onMessageAdd https://a/"]
    assert made.counted == ["unanswered", "unanswered"]


async def test_a_value_that_is_no_text_fails_the_action() -> None:
    made = scene("onMessageSend", replies=[json('{"body":7}')])
    with pytest.raises(ChatError) as caught:
        await made.ask()
    assert caught.value.code is Code.INVALID_PARAMETER


async def test_vocabularies_have_their_own_rules() -> None:
    facts: Facts = {"channel": {"type": "private", "friendly_name": None}}
    reply = json('{"friendly_name":"f","unique_name":"u"}')
    made = scene("onConversationAdd", facts=facts, replies=[reply])
    assert await made.ask(Action.CHANNEL_ADD) == {"friendly_name": "f"}
    assert made.calls[0][1].vocabulary is Vocabulary.CONVERSATIONS
    made = scene("onChannelAdd", facts=facts, replies=[reply])
    assert await made.ask(Action.CHANNEL_ADD) == {"friendly_name": "f", "unique_name": "u"}
