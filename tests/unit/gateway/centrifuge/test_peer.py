from __future__ import annotations

import asyncio

import pytest

from chatcore.domain.errors import ChatError, Code
from gateway.centrifuge.peer import ping_frame
from gateway.centrifuge.room_services import CONNECTION_LIMIT, STALE_SECONDS
from gateway.centrifuge.throttle import PATIENCE
from gateway.sockets.close import Close
from tests.support.virtual_time import settled

from .fakes import Json, room
from .stage import Stage


async def test_the_first_command_has_to_be_connect(stage: Stage) -> None:
    commands: list[Json] = [{"id": 1, "ping": {}}, {"id": 1, "rpc": {"method": "x"}}, {"send": {"data": {}}}]
    for command in commands:
        client = stage.client()
        client.say(command)
        assert await client.new() == []
        assert client.link.closed == Close.BAD_REQUEST.value


async def test_there_is_one_connect(stage: Stage) -> None:
    client = stage.client()
    await client.connect()
    client.say({"id": 2, "connect": {"token": "alice"}})
    await settled()
    assert client.link.closed == Close.BAD_REQUEST.value
    stage.assert_left_nothing()


async def test_who_never_connects_is_stale(stage: Stage) -> None:
    client = stage.client()
    client.say({})
    await asyncio.sleep(STALE_SECONDS - 1)
    assert client.is_open()
    await asyncio.sleep(2)
    assert client.link.closed == Close.STALE.value


async def test_who_connects_is_never_stale(stage: Stage) -> None:
    client = stage.client()
    await client.connect()
    await asyncio.sleep(3 * STALE_SECONDS)
    assert client.is_open()


async def test_a_connection_that_ends_before_connect_leaves_no_alarm(stage: Stage) -> None:
    client = stage.client()
    client.drop()
    await asyncio.sleep(2 * STALE_SECONDS)
    assert client.link.closed == (1006, "")


async def test_the_answer_to_connect(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = stage.client()
    result = await client.connect()
    data = result.pop("data")
    client_id = result.pop("client")
    assert len(client_id) == 36
    assert isinstance(result.pop("time"), int)
    assert result == {
        "version": "test",
        "ping": 25,
        "pong": True,
        "subs": {
            "me": {"recoverable": True, "positioned": True, "epoch": "epoch of alice"},
            "live": {},
            room(1): {"recoverable": True, "positioned": True, "epoch": "epoch of 1"},
        },
    }
    assert (data["joined"], data["truncated"], data["user"]["identity"]) == (1, False, "alice")
    assert data["service"]["user_channels"] == 250


@pytest.mark.parametrize(("token", "code"), [("expired", 109), ("away", 100)])
async def test_some_refusals_are_answered_and_then_nothing_else_may_follow(stage: Stage, token: str, code: int) -> None:
    client = stage.client()
    assert await client.code("connect", token=token) == code
    assert client.is_open()
    client.say({})
    await settled()
    assert client.is_open(), "a pong is no command"
    client.say({"id": 2, "connect": {"token": "alice"}})
    await settled()
    assert client.link.closed == Close.BAD_REQUEST.value
    stage.assert_left_nothing()


@pytest.mark.parametrize("token", ["bad", ""])
async def test_a_bad_token_ends_the_connection(stage: Stage, token: str) -> None:
    client = stage.client()
    client.say({"id": 1, "connect": {"token": token}})
    assert await client.new() == []
    assert client.link.closed == Close.INVALID_TOKEN.value


async def test_a_service_that_is_gone_ends_the_connection(stage: Stage) -> None:
    async def gone(_: object) -> None:
        raise ChatError(Code.SERVICE_NOT_FOUND, "gone")

    stage.services.chat.services.settings = gone  # type: ignore[method-assign, assignment]  # a fake's
    client = stage.client()
    client.say({"id": 1, "connect": {"token": "alice"}})
    await settled()
    assert client.link.closed == Close.INVALID_TOKEN.value


async def test_a_user_has_so_many_connections_and_no_more(stage: Stage) -> None:
    clients = [stage.client() for _ in range(CONNECTION_LIMIT + 1)]
    for client in clients[:-1]:
        await client.connect()
    clients[-1].say({"id": 1, "connect": {"token": "alice"}})
    await settled()
    assert clients[-1].link.closed == Close.CONNECTION_LIMIT.value
    assert len(stage.presence.entries) == CONNECTION_LIMIT
    clients[0].drop()
    await settled()
    await stage.client().connect()


async def test_commands_of_one_frame_are_answered_in_order(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = stage.client()
    client.say(
        {"id": 1, "connect": {"token": "alice", "data": {"subscribe": "feed"}}},
        {"id": 2, "subscribe": {"channel": room(1)}},
        {"id": 3, "ping": {}},
        {"id": 4, "rpc": {"method": "no.such", "data": {}}},
        {"id": 5, "unsubscribe": {"channel": room(1)}},
    )
    replies = await client.new()
    assert [reply["id"] for reply in replies] == [1, 2, 3, 4, 5]
    assert replies[2] == {"id": 3, "ping": {}}
    assert replies[3]["error"]["code"] == 104
    assert replies[4] == {"id": 5, "unsubscribe": {}}


async def test_a_slow_command_holds_up_those_behind_it_but_no_pong(stage: Stage) -> None:
    stage.make_channel(1, "alice")
    client = stage.client()
    await client.connect(data={"subscribe": "feed"})
    stage.history.gate.clear()
    client.say({"id": 2, "subscribe": {"channel": room(1)}}, {"id": 3, "ping": {}}, {})
    assert await client.new() == []
    assert client.link.pongs == 1
    stage.history.gate.set()
    assert [reply["id"] for reply in await client.new()] == [2, 3]


async def test_what_came_before_a_violation_still_takes_effect(stage: Stage) -> None:
    client = stage.client()
    payload = b'{"id":1,"connect":{"token":"alice"}}\n{"id":2,"ping":{}}\nnonsense\n{"id":3,"ping":{}}'
    client.peer.received(payload)
    assert [reply["id"] for reply in await client.new()] == [1, 2]
    assert client.link.closed == Close.BAD_REQUEST.value
    stage.assert_left_nothing()


async def test_violations(stage: Stage) -> None:
    for payload in (
        b"",
        b"\n",
        b"[]",
        b'"x"',
        b"{",
        b"\xff",
        b'{"id":-1,"ping":{}}',
        b'{"id":1.5,"ping":{}}',
        b'{"id":0,"ping":{}}',
        b'{"ping":{}}',
        b'{"id":5}',
        b'{"id":5,"fly":{}}',
        b'{"id":5,"subscribe":{}}',
        b'{"id":5,"unsubscribe":{"channel":""}}',
        b'{"id":5,"refresh":{}}',
        b'{"id":5,"sub_refresh":{}}',
    ):
        client = stage.client()
        await client.connect()
        client.peer.received(payload)
        await settled()
        assert client.link.closed == Close.BAD_REQUEST.value, payload


async def test_a_ping_is_due_once_connected(stage: Stage) -> None:
    client = stage.client()
    assert client.peer.ping() is None
    await client.connect()
    assert client.peer.ping() == ping_frame(stage.encoders)
    assert ping_frame(stage.encoders)[2:] == b"{}"
    client.drop()
    assert client.peer.ping() is None


async def test_surplus_pongs_are_ignored(stage: Stage) -> None:
    client = stage.client()
    client.say({})
    await client.connect()
    client.say({}, {}, {})
    assert await client.new() == []
    assert client.link.pongs == 4
    assert client.is_open()


async def test_too_many_commands_are_refused_and_then_cut(stage: Stage) -> None:
    stage.configure(command_rate=1, command_burst=3)
    client = stage.client()
    await client.connect()
    assert [("error" in await client.ask("ping")) for _ in range(5)] == [False, False, False, True, True]
    reply = await client.ask("ping")
    assert (reply["error"]["code"], reply["error"]["temporary"]) == (111, True)
    await asyncio.sleep(5)
    assert "ping" in await client.ask("ping")
    while client.link.closed is None and client.ids < PATIENCE + 50:
        client.ids += 1
        client.say({"id": client.ids, "ping": {}})
        await settled()
    assert client.link.closed == Close.TOO_MANY_REQUESTS.value
    stage.assert_left_nothing()


async def test_pongs_count_for_the_rate(stage: Stage) -> None:
    stage.configure(command_rate=1, command_burst=3)
    client = stage.client()
    await client.connect()
    client.say({}, {}, {})
    assert await client.code("ping") == 111
    for _ in range(PATIENCE + 1):
        client.say({})
    await settled()
    assert client.link.closed == Close.TOO_MANY_REQUESTS.value


async def test_a_refused_send_is_not_answered(stage: Stage) -> None:
    stage.configure(command_rate=1, command_burst=1)
    client = stage.client()
    await client.connect()
    client.say({"send": {"data": {}}}, {"send": {"data": {}}})
    assert await client.new() == []


async def test_an_unforeseen_failure_is_answered_without_its_detail(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    client = stage.client()
    await client.connect()
    reply = await client.ask("rpc", method="typing.start", data={"channel": "boom"})
    assert reply["error"] == {"code": 100, "message": "internal server error", "temporary": True}
    assert [record.levelname for record in caplog.records if record.levelname == "ERROR"] == ["ERROR"]
    assert client.is_open()


async def test_every_command_is_counted_by_name_and_outcome(stage: Stage) -> None:
    client = stage.client()
    await client.connect()
    await client.ask("ping")
    await client.ask("rpc", method="x" * 50)
    await client.ask("publish", channel="live", data={})
    assert stage.counted == [("connect", "ok"), ("ping", "ok"), ("unknown", "104"), ("publish", "108")]


# Ends.


@pytest.mark.parametrize("where", ["token", "presence", "channels"])
async def test_a_connection_that_ends_while_it_connects_leaves_nothing(stage: Stage, where: str) -> None:
    stage.make_channel(1, "alice")
    gate = {"presence": stage.presence.gate, "channels": stage.history.gate}.get(where)
    if gate is not None:
        gate.clear()
    client = stage.client()
    client.say({"id": 1, "connect": {"token": "alice"}})
    if gate is not None:
        await settled()
    client.drop()
    if gate is not None:
        gate.set()
    await settled()
    assert client.peer.session is None
    stage.assert_left_nothing()
    stage.hear(stage.message(1))
    assert client.link.sent == []


@pytest.mark.parametrize("member", [True, False])
async def test_a_connection_that_ends_while_it_subscribes_leaves_nothing(stage: Stage, member: bool) -> None:
    stage.make_channel(1, *(["alice"] if member else []))
    client = stage.client()
    await client.connect(data={"subscribe": "feed"})
    stage.history.gate.clear()
    client.say({"id": 2, "subscribe": {"channel": room(1)}})
    await settled()
    client.drop()
    stage.history.gate.set()
    await settled()
    stage.assert_left_nothing()


async def test_the_end_of_a_connection_takes_it_out_of_everything(stage: Stage) -> None:
    for number in range(3):
        stage.make_channel(number, "alice")
    client = stage.client()
    await client.connect("alice@100")
    client.drop()
    await settled()
    stage.assert_left_nothing()
    await asyncio.sleep(200)
    assert client.link.closed == (1006, "")


async def test_commands_behind_the_end_are_dropped(stage: Stage) -> None:
    client = stage.client()
    await client.connect()
    client.say({"id": 2, "ping": {}})
    client.drop()
    await settled()
    assert len(client.link.sent) == 1
