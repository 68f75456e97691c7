from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chatcore.domain.guests import DeliveryReceipt, DeliveryStatus
from chatcore.domain.ids import ChannelSid, MemberSid, ReceiptSid, ServiceSid, new_sid
from chatcore.store.postgres import PostgresStore

from .rig import Conversations
from .test_guests import ANNA, invite
from .test_messages import new, own_sid

WHEN = datetime(2020, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


async def report(
    store: PostgresStore, message: Any, guest: Any, status: DeliveryStatus, error_code: int = 0
) -> DeliveryReceipt:  # Any: JSON
    """What a gateway would."""
    receipt = DeliveryReceipt(
        sid=ReceiptSid(new_sid("DY")),
        service_sid=ServiceSid(new_sid("IS")),
        channel_sid=ChannelSid(message["conversation_sid"]),
        message_sid=message["sid"],
        participant_sid=MemberSid(guest["sid"]),
        channel_message_sid="SM" + "a" * 32,
        status=status,
        error_code=error_code,
        date_created=WHEN,
        date_updated=WHEN,
    )
    return await store.read.receipts.put(receipt)


def delivery(total: int, **amounts: str) -> dict[str, object]:
    names = ("sent", "delivered", "read", "failed", "undelivered")
    return {"total": total, **dict.fromkeys(names, "none"), **amounts}


async def test_without_reports_there_are_none(either: Conversations) -> None:
    path = await new(either)
    message = await either.create(f"{path}/Messages", Body="x")
    page = await either.get(f"{path}/Messages/{message['sid']}/Receipts")
    assert (page["meta"]["key"], page["delivery_receipts"]) == ("delivery_receipts", [])
    receipt = f"{path}/Messages/{message['sid']}/Receipts/{new_sid('DY')}"
    assert await either.refused("GET", receipt) == (404, 20404)
    for method in ("POST", "DELETE"):
        assert await either.refused(method, receipt) == (405, 20004)


async def test_a_report_has_every_property(either: Conversations, store: PostgresStore) -> None:
    path = await new(either)
    guest = await invite(either, path)
    message = await either.create(f"{path}/Messages", Body="x")
    made = await report(store, message, guest, DeliveryStatus.FAILED, 30006)
    url = either.url(f"{path}/Messages/{message['sid']}/Receipts/{made.sid}")
    shown = own_sid(either) | {
        "sid": made.sid,
        "account_sid": either.account.sid,
        "conversation_sid": message["conversation_sid"],
        "message_sid": message["sid"],
        "channel_message_sid": "SM" + "a" * 32,
        "participant_sid": guest["sid"],
        "status": "failed",
        "error_code": 30006,
        "date_created": "2020-01-02T03:04:05Z",
        "date_updated": "2020-01-02T03:04:05Z",
        "url": url,
    }
    assert await either.get(url) == shown
    assert (await either.get(message["links"]["delivery_receipts"]))["delivery_receipts"] == [shown]
    other = await either.create(f"{path}/Messages", Body="y")
    assert await either.refused("GET", f"{path}/Messages/{other['sid']}/Receipts/{made.sid}") == (404, 20404)


async def test_reports_come_in_pages_of_fifty(conversations: Conversations, store: PostgresStore) -> None:
    path = await new(conversations)
    message = await conversations.create(f"{path}/Messages", Body="x")
    made = [(await report(store, message, {"sid": new_sid("MB")}, DeliveryStatus.SENT)).sid for _ in range(3)]
    page = await conversations.get(f"{path}/Messages/{message['sid']}/Receipts", PageSize="2")
    found = await conversations.follow(page, "delivery_receipts")
    assert sorted(receipt["sid"] for receipt in found) == sorted(made)
    page = await conversations.get(f"{path}/Messages/{message['sid']}/Receipts", PageSize="1000")
    assert page["meta"]["page_size"] == 50


async def test_a_message_says_how_far_it_came(either: Conversations, store: PostgresStore) -> None:
    path = await new(either)
    first = await either.create(f"{path}/Messages", Body="x")
    assert first["delivery"] is None
    anna, berta = await invite(either, path), await invite(either, path, "+15558675311")
    message = await either.create(f"{path}/Messages", Body="y")
    assert message["delivery"] == delivery(2)
    await report(store, message, anna, DeliveryStatus.SENT)
    await report(store, message, berta, DeliveryStatus.READ)
    expected = delivery(2, sent="all", delivered="some", read="some")
    assert (await either.get(f"{path}/Messages/{message['sid']}"))["delivery"] == expected
    listed = (await either.get(f"{path}/Messages"))["messages"]
    assert [one["delivery"] for one in listed] == [delivery(2), expected]
    await report(store, message, anna, DeliveryStatus.UNDELIVERED, 30005)
    changed = await either.update(f"{path}/Messages/{message['sid']}", Body="z")
    assert changed["delivery"] == delivery(2, sent="some", delivered="some", read="some", undelivered="some")
    own = await either.create(f"{path}/Messages", Author=ANNA, Body="from outside")
    assert own["delivery"] == delivery(1)


@pytest.mark.parametrize("size", ["0", "x"])
async def test_bad_lists_are_refused(conversations: Conversations, size: str) -> None:
    path = await new(conversations)
    message = await conversations.create(f"{path}/Messages", Body="x")
    receipts = f"{path}/Messages/{message['sid']}/Receipts"
    assert await conversations.refused("GET", receipts, PageSize=size) == (400, 20001)
