"""The peer under anything a client may do, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.support.twilsock import encode
from tests.support.virtual_time import VirtualLoop, settled

from .stage import Client, Stage

_TOKENS = st.sampled_from(["alice", "bob", "alice@5", "alice@-10", "expired", "bad", "away", "odd", "", None])
_PATHS = st.sampled_from(["/x", "/wait/1", "/wait/2", "/missing", "/none", "/boom", "", "%", "/ü"])
_HTTP = st.fixed_dictionaries(
    {"path": _PATHS, "method": st.sampled_from(["GET", "POST", "DELETE", "get", "WHAT", ""])},
    optional={
        "params": st.dictionaries(st.text(max_size=3), st.text(max_size=3) | st.none() | st.lists(st.integers()))
    },
)
_FRAMES = st.one_of(
    st.builds(lambda token: ("init", {"token": token}), _TOKENS),
    st.builds(lambda token: ("update", {"token": token}), _TOKENS),
    st.builds(lambda http: ("message", {"http_request": http}), _HTTP),
    st.builds(lambda name: ("put_notification_ctx", {"notification_ctx_id": name}), st.text(max_size=2)),
    st.builds(lambda name: ("delete_notification_ctx", {"notification_ctx_id": name}), st.text(max_size=2)),
    st.sampled_from([("reply", {}), ("telemetry.v1", {}), ("what", {}), ("init", {"token": 5}), ("message", {})]),
)
_STEPS = st.lists(
    st.one_of(
        _FRAMES,
        st.sampled_from(["close", "garbage", "drop", "drain", "crowd", "congest", "relieve", "open gates", "settle"]),
        st.floats(min_value=0.01, max_value=12),
    ),
    max_size=25,
)


def virtually(run: Callable[[Any], Any], steps: Any) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run(steps))


async def play(steps: list[Any]) -> None:
    async with Stage.running() as stage:
        stage.tokens.failures["odd"] = ZeroDivisionError("unforeseen")
        client = stage.client()
        asked = []
        for step in steps:
            if not client.is_open():
                break
            if isinstance(step, tuple):
                asked.append(say(client, step))
            elif isinstance(step, float):
                await asyncio.sleep(step)
            else:
                await act(stage, client, step)
        for gate in stage.upstream.gates.values():
            gate.set()
        client.link.congested = False
        client.peer.writable()
        await client.new()
        check(client, asked)
        if client.is_open():
            client.drop()
        await asyncio.sleep(30)
        await stage.assert_left_nothing()


def say(client: Client, frame: tuple[str, dict[str, Any]]) -> str:
    method, fields = frame
    return client.say(method, **fields)


async def act(stage: Stage, client: Client, step: str) -> None:
    match step:
        case "close":
            client.say("close")
        case "garbage":
            client.peer.received(encode({"method": "init"}))
        case "drop":
            client.drop()
        case "drain" | "crowd":
            client.peer.drain(crowded=step == "crowd")
        case "congest" | "relieve":
            client.link.congested = step == "congest"
            if step == "relieve":
                client.peer.writable()
        case "open gates":
            for path in ("/wait/1", "/wait/2"):
                stage.upstream.gate(path).set()
        case "settle":
            await settled()
        case _:
            raise AssertionError(step)


def check(client: Client, asked: list[str]) -> None:
    everything = client.everything
    replies = [f.header["id"] for f in everything if f.header["method"] == "reply"]
    assert len(replies) == len(set(replies)), "no frame is answered twice"
    assert set(replies) <= set(asked), "only what was asked is answered"
    own = [f.header["id"] for f in everything if f.header["method"] != "reply"]
    assert len(own) == len(set(own))
    first = next((f for f in everything if "continuation_token" in f.header), None)
    for frame in everything:
        if frame.header["method"] in ("client_update", "notification") or "http_status" in frame.header:
            assert first is not None
            assert everything.index(first) < everything.index(frame), "the answer to init comes first"
        assert frame.header.get("status", {}).get("code") not in (406, 417)


@given(_STEPS)
def test_nothing_breaks_a_peer_and_nothing_stays(steps: list[Any]) -> None:
    virtually(play, steps)


@given(_STEPS)
def test_neither_does_it_after_init(steps: list[Any]) -> None:
    virtually(play, [("init", {"token": "alice"}), "settle", *steps])
