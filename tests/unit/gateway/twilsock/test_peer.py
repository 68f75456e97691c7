from __future__ import annotations

import asyncio

import pytest

from chatcore.auth.tokens import TokenCode, TokenError
from chatcore.domain.errors import ChatError, Code
from gateway.sockets.close import Close
from gateway.sockets.endpoint import PING_FRAME
from gateway.twilsock.peer import REFUSAL_DELAY
from gateway.twilsock.room_services import CONNECTION_LIMIT, STALE_SECONDS
from tests.support.twilsock import SYNC, encode
from tests.support.virtual_time import settled

from .stage import Stage


async def test_init_makes_a_session(stage: Stage) -> None:
    client = stage.client()
    assert await client.init() == {"code": 200, "status": "OK"}
    (reply,) = client.everything
    assert reply.header["continuation_token"]
    assert reply.header["init_registrations"] == [{"product": "ip_messaging", "status": "registered"}]
    assert client.session.grant.identity == "alice"
    assert client.session.actor.identity == "alice"
    assert [s.identity for s in stage.presence.entries.values()] == ["alice"]
    assert stage.counted == [("twilsock.init", "ok")]


async def test_every_continuation_token_is_new_and_grants_nothing(stage: Stage) -> None:
    first, second = stage.client(), stage.client()
    token = (await first.ask("init", token="alice")).header["continuation_token"]
    reply = await second.ask("init", token="bob", continuation_token=token)
    assert reply.header["continuation_token"] != token
    assert second.session.grant.identity == "bob"
    for forged in ("forged", "", 5, {"identity": "alice"}, [token]):
        client = stage.client()
        status = (await client.ask("init", token="bad", continuation_token=forged)).header["status"]
        assert status["code"] == 401, forged


@pytest.mark.parametrize("code", TokenCode)
async def test_a_bad_token_is_final(stage: Stage, code: TokenCode) -> None:
    stage.tokens.failures["bad"] = TokenError(code, "no good")
    client = stage.client()
    status = await client.init("bad")
    assert status["code"] == (403 if code in (20106, 20403) else 401)
    assert status["errorCode"] == code
    assert status["description"]
    assert client.peer.session is None
    assert client.is_open(), "the SDK closes"
    assert stage.counted == [("twilsock.init", str(int(code)))]
    await stage.assert_left_nothing()


@pytest.mark.parametrize("token", [None, ""])
async def test_no_token_is_a_bad_token(stage: Stage, token: str | None) -> None:
    assert (await stage.client().ask("init", token=token)).header["status"]["code"] == 401


async def test_after_a_refusal_another_init_may_follow(stage: Stage) -> None:
    client = stage.client()
    assert (await client.init("expired"))["errorCode"] == 20104
    assert (await client.init("alice"))["code"] == 200


async def test_there_is_one_session(stage: Stage) -> None:
    client = await stage.entered()
    assert (await client.init("bob"))["code"] == 400
    assert client.session.grant.identity == "alice"
    assert len(stage.presence.entries) == 1
    assert client.is_open()


async def test_two_inits_in_a_row_make_one_session(stage: Stage) -> None:
    client = stage.client()
    client.say("init", token="alice")
    client.say("init", token="bob")
    assert [frame.header["status"]["code"] for frame in await client.new()] == [200, 400]
    assert client.session.grant.identity == "alice"


async def test_nothing_goes_before_init(stage: Stage) -> None:
    client = stage.client()
    for method, fields in (
        ("update", {"token": "alice"}),
        ("message", {"http_request": {"path": "/x", "method": "GET"}}),
        ("message", {"http_request": {"path": "/x", "method": "POST"}}),
        ("what", {}),
    ):
        assert (await client.ask(method, **fields)).header["status"]["code"] == 400, method
    assert client.is_open()
    assert stage.upstream.requests == []
    assert client.peer.session is None


async def test_what_follows_init_at_once_waits_for_it(stage: Stage) -> None:
    stage.presence.gate.clear()
    client = stage.client()
    client.say("init", token="alice", registrations=None)
    client.request("GET", "/x")
    client.request("POST", "/x")
    assert await client.new() == []
    stage.presence.gate.set()
    assert [frame.header["id"] for frame in await client.new()] == ["TM1", "TM2", "TM3"]


async def test_who_never_comes_in_is_stale(stage: Stage) -> None:
    silent, refused, entered = stage.client(), stage.client(), await stage.entered()
    await refused.init("bad")
    await asyncio.sleep(STALE_SECONDS - 1)
    assert silent.is_open()
    assert refused.is_open()
    await asyncio.sleep(2)
    assert silent.link.closed == refused.link.closed == Close.STALE.value
    assert entered.is_open()


async def test_a_user_has_so_many_connections_and_no_more(stage: Stage) -> None:
    for _ in range(CONNECTION_LIMIT):
        await stage.entered()
    client = stage.client()
    reply = await client.ask("init", token="alice")
    assert (reply.header["status"]["code"], reply.header["status"]["errorCode"]) == (429, 20429)
    assert reply.json == {"backoff_policy": {"reconnect_min_ms": 10_000}}
    assert client.peer.session is None
    assert len(stage.presence.entries) == CONNECTION_LIMIT
    assert (await stage.client().init("bob"))["code"] == 200


async def test_a_database_that_is_away_ends_the_socket_without_a_word(stage: Stage) -> None:
    client = stage.client()
    client.say("init", token="away")
    assert await client.new() == []
    assert client.link.closed == Close.TRY_AGAIN_LATER.value


@pytest.mark.parametrize(
    ("code", "number"), [(Code.SERVICE_NOT_FOUND, 20106), (Code.IDENTITY_RESERVED, 50203), (Code.FORBIDDEN, 20403)]
)
async def test_who_may_not_be_a_user_is_told_so(stage: Stage, code: Code, number: int) -> None:
    stage.refusal = ChatError(code, "not you")
    status = await stage.client().init()
    assert (status["code"], status["errorCode"]) == (403, number)


async def test_what_nobody_foresaw_ends_the_connection(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.tokens.failures["odd"] = ZeroDivisionError("secret")
    client = stage.client()
    client.say("init", token="odd")
    assert await client.new() == []
    assert client.link.closed == Close.INTERNAL.value
    assert "A request failed" in caplog.text


async def test_a_socket_that_ends_during_init_leaves_nothing(stage: Stage) -> None:
    stage.presence.gate.clear()
    client = stage.client()
    client.say("init", token="alice")
    await settled()
    client.drop()
    stage.presence.gate.set()
    assert await client.new() == []
    await stage.assert_left_nothing()


async def test_the_end_of_the_socket_ends_the_session(stage: Stage) -> None:
    client = await stage.entered()
    session, ended = client.session, []
    session.on_close(lambda: ended.append(1))
    client.drop()
    assert ended == [1]
    assert session.closed
    await stage.assert_left_nothing()


async def test_a_client_may_close(stage: Stage) -> None:
    client = await stage.entered()
    client.say("close")
    await settled()
    assert client.link.closed == (1000, "")
    await stage.assert_left_nothing()


@pytest.mark.parametrize("before", [True, False])
async def test_what_is_no_frame_ends_the_connection(stage: Stage, before: bool) -> None:
    client = stage.client() if before else await stage.entered()
    client.peer.received(b"hello")
    assert await client.new() == []
    assert client.link.closed == Close.BAD_REQUEST.value


async def test_what_cannot_be_understood_is_refused_and_the_connection_stays(stage: Stage) -> None:
    client = await stage.entered()
    for frame in (
        encode({"method": "what", "id": "a"}),
        encode({"method": "message", "id": "a", "http_request": {"path": "/x"}}),
        encode({"method": "put_notification_ctx", "id": "a", "notification_ctx_id": "c"}, b"{"),
        encode({"method": "message", "id": "a", "http_request": {"path": "/x", "method": "GET", "params": {"a": {}}}}),
    ):
        client.peer.received(frame)
        (reply,) = await client.new()
        assert reply.header["id"] == "a"
        assert reply.header["status"]["code"] == 400
        assert reply.header["status"]["description"]
    assert client.is_open()
    assert stage.upstream.requests == []


async def test_acknowledgements_and_telemetry_need_no_answer(stage: Stage) -> None:
    client = await stage.entered()
    client.say("reply", status={"code": 200, "status": "OK"})
    client.say("telemetry.v1", events=[{"start": 1}])
    assert await client.new() == []
    assert client.is_open()


async def test_keepalive_is_the_sockets_own(stage: Stage) -> None:
    assert stage.client().peer.ping() == PING_FRAME
    assert (await stage.entered()).peer.ping() == PING_FRAME


# Notification contexts.


async def test_contexts_are_answered_and_replaced(stage: Stage) -> None:
    client = await stage.entered(types=None)
    assert not client.session.wants(SYNC)
    ok = {"code": 200, "status": "OK"}
    for types in ('["twilio.sync.event"]', '["twilio.sync.event","twilio.ipmsg.typing_indicator","other"]'):
        reply = await client.ask(
            "put_notification_ctx", b'{"message_types":%b}' % types.encode(), notification_ctx_id="c"
        )
        assert reply.header["status"] == ok
    assert client.session.wants(SYNC)
    assert client.session.wants("twilio.ipmsg.typing_indicator")
    assert not client.session.wants("other")
    assert (await client.ask("delete_notification_ctx", notification_ctx_id="c")).header["status"] == ok
    assert not client.session.wants(SYNC)


async def test_contexts_are_answered_while_a_change_takes_its_time(stage: Stage) -> None:
    client = await stage.entered(types=None)
    client.request("POST", "/wait")
    reply = await client.ask("put_notification_ctx", b"{}", notification_ctx_id="c")
    assert reply.header["status"]["code"] == 200
    stage.upstream.gate("/wait").set()


async def test_contexts_are_answered_before_init_is_and_hold_after_it(stage: Stage) -> None:
    client = stage.client()
    client.say("init", token="bad", registrations=None)
    reply = await client.ask(
        "put_notification_ctx", b'{"message_types":["twilio.sync.event"]}', notification_ctx_id="c"
    )
    assert reply.header["status"]["code"] == 200, "an SDK may leave as soon as it reads the refusal"
    await asyncio.sleep(REFUSAL_DELAY + 0.01)
    assert [f.header["status"]["code"] for f in await client.new()] == [401]
    await client.init(types=None)
    assert client.session.wants(SYNC)


async def test_contexts_are_bounded(stage: Stage) -> None:
    client = await stage.entered(types=None)
    codes = [
        (await client.ask("put_notification_ctx", b"{}", notification_ctx_id=str(number))).header["status"]["code"]
        for number in range(17)
    ]
    assert codes == [200] * 16 + [400]
    assert (await client.ask("put_notification_ctx", b"{}", notification_ctx_id="0")).header["status"]["code"] == 200
    long = await client.ask("put_notification_ctx", b"{}", notification_ctx_id="x" * 257)
    assert long.header["status"]["code"] == 400


# Renewal.


async def test_a_token_is_renewed(stage: Stage) -> None:
    client = await stage.entered("alice@100")
    before = client.session.grant.expires_at
    reply = await client.ask("update", token="alice@1000")
    assert reply.header["status"] == {"code": 200, "status": "OK"}
    after = client.session.grant.expires_at
    assert before is not None
    assert after is not None
    assert after > before


@pytest.mark.parametrize(
    ("token", "code", "number"),
    [("bob", 403, 51105), ("expired", 401, 20104), ("bad", 401, 20101), ("away", 503, None)],
)
async def test_a_bad_token_renews_nothing(stage: Stage, token: str, code: int, number: int | None) -> None:
    client = await stage.entered("alice@100")
    held = client.session.grant
    status = (await client.ask("update", token=token)).header["status"]
    assert (status["code"], status.get("errorCode")) == (code, number)
    assert client.session.grant is held
    assert client.is_open()
