from __future__ import annotations

from dataclasses import replace

import pytest

from chatcore.domain.guests import Guest, MessagingBinding
from chatcore.domain.ids import ChannelSid, MemberSid, WebhookSid
from chatcore.domain.webhooks import ChannelWebhook, Vocabulary, WebhookType
from gateway.rest.conversations import present_conversations as present

from .samples import BASE, NOW, SERVICE, a_place

CHANNEL = ChannelSid("CH" + "3" * 32)
GUEST = Guest(
    sid=MemberSid("MB" + "4" * 32),
    channel_sid=CHANNEL,
    service_sid=SERVICE,
    binding=MessagingBinding(type="sms", address="+12"),
    role_sid=None,
    attributes="{}",
    last_read_message_index=None,
    last_read_timestamp=None,
    date_created=NOW,
    date_updated=NOW,
    rev=1,
    roster_created=1,
    roster_position=1,
)
WEBHOOK = ChannelWebhook(
    sid=WebhookSid("WH" + "5" * 32),
    service_sid=SERVICE,
    channel_sid=CHANNEL,
    vocabulary=Vocabulary.CONVERSATIONS,
    type=WebhookType.WEBHOOK,
    url="https://example.org/",
    method="get",
    filters=("onMessageAdded",),
    triggers=(),
    flow_sid=None,
    retry_count=2,
    replay_after=None,
    date_created=NOW,
    date_updated=NOW,
)


@pytest.mark.parametrize("named", [False, True])
def test_the_form_of_the_request_shows_in_urls_and_in_one_property(named: bool) -> None:
    shown = present.participant(a_place(named=named), GUEST)
    base = f"{BASE}/Services/{SERVICE}" if named else BASE
    assert shown["url"] == f"{base}/Conversations/{CHANNEL}/Participants/{GUEST.sid}"
    assert shown.get("chat_service_sid") == (SERVICE if named else None)


@pytest.mark.parametrize(
    ("binding", "shown"),
    [
        (GUEST.binding, {"type": "sms", "address": "+12"}),
        (
            replace(GUEST.binding, proxy_address="+13", projected_address="+14", name="Ann", level="to"),
            {"type": "sms", "address": "+12", "proxy_address": "+13", "projected_address": "+14"},
        ),
    ],
)
def test_a_binding_shows_what_is_there(binding: MessagingBinding, shown: dict[str, str]) -> None:
    assert present.participant(a_place(), replace(GUEST, binding=binding))["messaging_binding"] == shown


@pytest.mark.parametrize(
    ("webhook", "configuration"),
    [
        (WEBHOOK, {"url": "https://example.org/", "method": "get", "filters": ["onMessageAdded"]}),
        (
            replace(WEBHOOK, vocabulary=Vocabulary.CHAT, filters=("onMessageSent", "onMediaMessageSent")),
            {"url": "https://example.org/", "method": "get", "filters": ["onMessageAdded"]},
        ),
        (
            replace(WEBHOOK, type=WebhookType.TRIGGER, filters=(), triggers=("help",)),
            {"url": "https://example.org/", "method": "get", "triggers": ["help"]},
        ),
        (
            replace(
                WEBHOOK, type=WebhookType.STUDIO, filters=(), url=None, method=None, flow_sid="FW1", replay_after=0
            ),
            {"flow_sid": "FW1", "replay_after": 0},
        ),
    ],
)
def test_a_configuration_shows_what_its_target_goes_by(
    webhook: ChannelWebhook, configuration: dict[str, object]
) -> None:
    assert present.webhook(a_place(), webhook)["configuration"] == configuration
