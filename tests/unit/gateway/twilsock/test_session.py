from __future__ import annotations

import asyncio

import pytest

from chatcore.ports.standing import Gone
from gateway.hub.standing import Lost
from gateway.sdkhttp.session import SdkSession
from gateway.sockets.close import Close
from tests.support.twilsock import SYNC, TYPING
from tests.support.virtual_time import settled
from tests.unit.gateway.centrifuge.fakes import KEY, SERVICE, user_sid

from .stage import Stage


async def test_it_is_what_upstream_is_given(stage: Stage) -> None:
    client = await stage.entered()
    session: SdkSession = client.session
    assert session.user_sid == user_sid("alice")
    assert session.connection in stage.presence.entries
    assert session.link is client.link


# Notifications.


async def test_notifications_go_out_in_order_around_answers(stage: Stage) -> None:
    client = await stage.entered()
    client.session.notify(SYNC, b'{"a":1}')
    client.request("GET", "/x")
    await settled()
    client.session.notify(SYNC, '{"ü":2}'.encode())
    frames = await client.new()
    assert [f.header["method"] for f in frames] == ["notification", "reply", "notification"]
    assert frames[0].header["message_type"] == SYNC
    assert frames[0].header["payload_type"] == "application/json"
    assert frames[2].json == {"ü": 2}
    assert frames[0].header["id"] != frames[2].header["id"]


@pytest.mark.parametrize("types", [(), ("com.twilio.rtd.cds.map",), (TYPING,)])
async def test_only_what_was_asked_for_is_told(stage: Stage, types: tuple[str, ...]) -> None:
    client = await stage.entered(types=types)
    assert not client.session.wants(SYNC)
    client.session.notify(SYNC, b"{}")
    assert await client.new() == []


async def test_contexts_add_to_what_init_asked_for(stage: Stage) -> None:
    client = await stage.entered(types=(SYNC,))
    await client.ask("put_notification_ctx", b'{"message_types":["%b"]}' % TYPING.encode(), notification_ctx_id="c")
    assert client.session.wants(SYNC)
    assert client.session.wants(TYPING)
    await client.ask("delete_notification_ctx", notification_ctx_id="c")
    await client.ask("delete_notification_ctx", notification_ctx_id="never put")
    assert client.session.wants(SYNC)
    assert not client.session.wants(TYPING)


async def test_after_the_end_nothing_has_any_effect(stage: Stage) -> None:
    client = await stage.entered("alice@100")
    session, called = client.session, []
    client.drop()
    sent = len(client.link.sent)
    session.notify(SYNC, b"{}")
    session.renew(session.grant)
    session.lost(Lost.USER_DELETED)
    session.close()
    session.on_close(lambda: called.append(1))
    assert called == [1]
    assert len(client.link.sent) == sent
    await asyncio.sleep(200)
    assert len(client.link.sent) == sent


async def test_one_failing_callback_does_not_stop_the_others(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    client = await stage.entered()
    called: list[int] = []
    client.session.on_close(lambda: called.append(1))
    client.session.on_close(lambda: called.append(1 // 0))
    client.session.on_close(lambda: called.append(3))
    client.drop()
    assert called == [1, 3]
    assert "ZeroDivisionError" in caplog.text


# The token.


async def test_a_client_is_warned_then_closed_at_the_end_of_its_token(stage: Stage) -> None:
    client = await stage.entered("alice@1000")
    await client.new()
    await asyncio.sleep(1000 - 180 - 1)
    assert await client.new() == []
    await asyncio.sleep(2)
    (warning,) = await client.new()
    assert warning.header["method"] == "client_update"
    assert warning.header["client_update_type"] == "token_about_to_expire"
    await asyncio.sleep(177)
    assert await client.new() == []
    await asyncio.sleep(3)
    (close,) = await client.new()
    assert (close.header["method"], close.header["status"]["code"]) == ("close", 410)
    assert close.header["status"]["errorCode"] == 20104
    assert client.link.closed == Close.EXPIRED.value
    await stage.assert_left_nothing()


async def test_a_short_token_is_warned_of_half_way(stage: Stage) -> None:
    client = await stage.entered("alice@10")
    await asyncio.sleep(4.8)  # a moment passed already
    assert await client.new() == []
    await asyncio.sleep(0.2)
    assert [f.header["method"] for f in await client.new()] == ["client_update"]
    await asyncio.sleep(5)
    assert [f.header["status"]["code"] for f in await client.new()] == [410]


async def test_every_new_token_is_warned_of_again(stage: Stage) -> None:
    client = await stage.entered("alice@10")
    await asyncio.sleep(6)
    await client.ask("update", token="alice@20")
    await asyncio.sleep(9.9)
    assert client.is_open(), "the old token is over, the new one is not"
    await asyncio.sleep(0.2)
    kinds = [f.header["method"] for f in [*client.everything, *await client.new()]]
    assert kinds == ["reply", "client_update", "reply", "client_update"]
    await asyncio.sleep(10)
    assert client.link.closed == Close.EXPIRED.value


async def test_a_token_just_over_leaves_time_to_renew(stage: Stage) -> None:
    client = await stage.entered("alice@-20")
    await asyncio.sleep(1)
    await client.new()
    assert [f.header["method"] for f in client.everything] == ["reply", "client_update"]
    assert client.is_open()
    await asyncio.sleep(3)
    assert client.link.closed == Close.EXPIRED.value


async def test_a_token_without_end_never_ends(stage: Stage) -> None:
    client = await stage.entered("alice")
    await asyncio.sleep(2000)
    assert await client.new() == []
    assert client.is_open()


# Standing.


@pytest.mark.parametrize(
    ("gone", "number"),
    [
        (Gone(keys={KEY}), 20103),
        (Gone(suspended={KEY}), 20403),
        (Gone(services={SERVICE}), 20404),
        (Gone(users={user_sid("alice")}), 20404),
    ],
)
async def test_who_loses_its_standing_is_told_to_stay_away(stage: Stage, gone: Gone, number: int) -> None:
    client = await stage.entered()
    stage.facts.gone_now = gone
    await asyncio.sleep(2)
    (close,) = await client.new()
    assert (close.header["method"], close.header["status"]["code"]) == ("close", 401)
    assert close.header["status"]["errorCode"] == number
    assert client.link.closed == Close.FORCE_DISCONNECT.value
    await stage.assert_left_nothing()


async def test_it_stands_on_the_key_of_its_latest_token(stage: Stage) -> None:
    client = await stage.entered("alice@1000")
    stage.tokens.key = KEY[:-1] + "1"  # type: ignore[assignment]  # any other
    await client.ask("update", token="alice@1000")
    stage.facts.gone_now = Gone(keys={KEY})
    await asyncio.sleep(3)
    assert client.is_open()
    stage.facts.gone_now = Gone(keys={stage.tokens.key})
    await asyncio.sleep(3)
    assert not client.is_open()
