from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chatcore.domain.ids import ServiceSid
from chatcore.domain.jobs import JobKind
from chatcore.ports.jobs import Claimed
from push.messaging import Deliveries, Delivery, RecordingGateway
from push.outcome import Done

JOB = Claimed(
    id=1,
    kind=JobKind.DELIVERY,
    service_sid=ServiceSid("IS1"),
    lane=None,
    job={
        "channel_sid": "CH1",
        "message_sid": "IM1",
        "message_index": 3,
        "author": "alice",
        "body": "a secret",
        "media": [{"sid": "ME1"}],
        "guests": [
            {"sid": "MB1", "type": "sms", "address": "+15005550006", "proxy_address": "+15005550001"},
            {"sid": "MB2", "type": "whatsapp", "address": "whatsapp:+1", "proxy_address": None},
        ],
    },
    progress={},
    created_at=datetime(2026, 5, 17, tzinfo=UTC),
    attempts=1,
)


class Gateway:
    def __init__(self) -> None:
        self.delivered: list[Delivery] = []

    async def deliver(self, delivery: Delivery) -> None:
        self.delivered.append(delivery)


async def test_a_gateway_is_given_the_message_and_whom_it_has_to_reach() -> None:
    gateway = Gateway()
    assert await Deliveries(gateway).handle(JOB) == Done()
    (delivery,) = gateway.delivered
    assert (delivery.service_sid, delivery.channel_sid, delivery.message_sid) == ("IS1", "CH1", "IM1")
    assert (delivery.message_index, delivery.author, delivery.body) == (3, "alice", "a secret")
    assert [(r.sid, r.type, r.address, r.proxy_address) for r in delivery.recipients] == [
        ("MB1", "sms", "+15005550006", "+15005550001"),
        ("MB2", "whatsapp", "whatsapp:+1", None),
    ]


@pytest.mark.parametrize("missing", sorted(JOB.job))
async def test_a_job_that_cannot_be_read_raises(missing: str) -> None:
    broken = replace(JOB, job={name: value for name, value in JOB.job.items() if name != missing})
    with pytest.raises(KeyError):
        await Deliveries(Gateway()).handle(broken)


async def test_without_a_gateway_the_log_says_what_is_not_sent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await Deliveries(RecordingGateway()).handle(JOB)
    told = [vars(record) for record in caplog.records]
    assert [(r["action"], r["message_sid"], r["participant_sid"], r["type"], r["media"]) for r in told] == [
        ("message_not_sent_on", "IM1", "MB1", "sms", 1),
        ("message_not_sent_on", "IM1", "MB2", "whatsapp", 1),
    ]
    assert "secret" not in str(told)
    assert "+1500" not in str(told)
