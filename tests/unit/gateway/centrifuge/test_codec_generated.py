"""Both encodings agree with each other and with the official client, on generated messages."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.centrifuge import codec_json, codec_protobuf
from gateway.centrifuge.codec import RESULT_MEMBERS, Codec
from gateway.centrifuge.errors import ProtocolError
from gateway.centrifuge.messages import (
    ClientInfo,
    ConnectResult,
    HistoryResult,
    PingResult,
    PresenceResult,
    PresenceStatsResult,
    Publication,
    PublishResult,
    PubPush,
    Push,
    RefreshResult,
    Result,
    RpcResult,
    SubRefreshResult,
    SubscribePush,
    SubscribeResult,
    UnsubscribePush,
    UnsubscribeResult,
)

from .official import json_frame, json_replies, protobuf_frame, protobuf_replies

texts = st.text(max_size=12)
names = st.text(min_size=1, max_size=12)
u32 = st.integers(0, 2**32 - 1)
i64 = st.integers(-(2**63), 2**63 - 1)
u64 = st.integers(0, 2**64 - 1)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
positions = st.fixed_dictionaries({}, optional={"offset": u64, "epoch": texts})


def _request(channel: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {
        "token": texts,
        "recover": st.booleans(),
        "epoch": texts,
        "offset": u64,
        "data": values,
        "positioned": st.booleans(),
        "recoverable": st.booleans(),
        "join_leave": st.booleans(),
        "delta": texts,
        "tf": st.just({}),
        "flag": i64,
    }
    return st.fixed_dictionaries({"channel": channel}, optional=optional)


MEMBERS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "connect": st.fixed_dictionaries(
        {},
        optional={
            "token": texts,
            "data": values,
            "subs": st.dictionaries(texts, _request(texts), max_size=2),
            "name": texts,
            "version": texts,
            "headers": st.dictionaries(texts, texts, max_size=2),
        },
    ),
    "subscribe": _request(names),
    "unsubscribe": st.fixed_dictionaries({"channel": names}),
    "publish": st.fixed_dictionaries({}, optional={"channel": texts, "data": values}),
    "presence": st.fixed_dictionaries({}, optional={"channel": texts}),
    "presence_stats": st.fixed_dictionaries({}, optional={"channel": texts}),
    "history": st.fixed_dictionaries(
        {},
        optional={
            "channel": texts,
            "limit": st.integers(-(2**31), 2**31 - 1),
            "since": positions,
            "reverse": st.booleans(),
        },
    ),
    "ping": st.just({}),
    "send": st.fixed_dictionaries({}, optional={"data": values}),
    "rpc": st.fixed_dictionaries({}, optional={"method": texts, "data": values}),
    "refresh": st.fixed_dictionaries({"token": names}),
    "sub_refresh": st.fixed_dictionaries({"channel": names}, optional={"token": texts}),
}
commands = st.sampled_from(sorted(MEMBERS)).flatmap(
    lambda member: st.fixed_dictionaries({"id": st.integers(1, 2**32 - 1), member: MEMBERS[member]})
)


@settings(deadline=None)
@given(st.lists(commands, min_size=1, max_size=4))
def test_both_encodings_read_the_same_commands(said: list[dict[str, Any]]) -> None:
    read = list(codec_json.decode(json_frame(said)))
    assert read == list(codec_protobuf.decode(protobuf_frame(said)))
    assert [getattr(command, "id", 0) for command in read] == [c["id"] if "send" not in c else 0 for c in said]


payloads = values.filter(lambda value: value is not None).map(lambda value: json.dumps(value, indent=1).encode())
infos = st.builds(ClientInfo, user=texts, client=texts, conn_info=payloads, chan_info=payloads)
publications = st.builds(Publication, data=payloads, offset=u64, time=st.integers(0, 2**63 - 1), info=st.none() | infos)
streams = {"epoch": texts, "offset": u64, "publications": st.lists(publications, max_size=2).map(tuple)}
subscriptions = st.builds(
    SubscribeResult,
    **streams,
    recoverable=st.booleans(),
    positioned=st.booleans(),
    recovered=st.booleans(),
    was_recovering=st.booleans(),
    data=payloads,
    expires=st.booleans(),
    ttl=u32,
)
results: st.SearchStrategy[Result] = st.one_of(
    subscriptions,
    st.builds(
        ConnectResult,
        client=texts,
        version=texts,
        expires=st.booleans(),
        ttl=u32,
        data=payloads,
        subs=st.dictionaries(texts, subscriptions, max_size=2),
        ping=u32,
        pong=st.booleans(),
        time=st.integers(0, 2**63 - 1),
    ),
    st.builds(UnsubscribeResult),
    st.builds(PublishResult),
    st.builds(PresenceResult, presence=st.dictionaries(texts, infos, max_size=2)),
    st.builds(PresenceStatsResult, num_clients=u32, num_users=u32),
    st.builds(HistoryResult, **streams),
    st.builds(PingResult),
    st.builds(RpcResult, data=payloads),
    st.builds(RefreshResult, client=texts, version=texts, expires=st.booleans(), ttl=u32),
    st.builds(SubRefreshResult, expires=st.booleans(), ttl=u32),
)
pushes: st.SearchStrategy[Push] = st.one_of(
    st.builds(PubPush, channel=names, pub=publications),
    st.builds(
        SubscribePush,
        channel=names,
        recoverable=st.booleans(),
        positioned=st.booleans(),
        epoch=texts,
        offset=u64,
        data=payloads,
    ),
    st.builds(UnsubscribePush, channel=names, code=u32, reason=names),
)


@settings(deadline=None)
@given(st.integers(1, 2**32 - 1), results)
def test_official_client_reads_the_same_result_in_both_encodings(command_id: int, result: Result) -> None:
    [reply] = json_replies(codec_json.encode_reply(command_id, result))
    assert reply == protobuf_replies(codec_protobuf.encode_reply(command_id, result))[0]
    assert reply.keys() == {"id", RESULT_MEMBERS[type(result)]}


@settings(deadline=None)
@given(pushes)
def test_official_client_reads_the_same_push_in_both_encodings(push: Push) -> None:
    [reply] = json_replies(codec_json.encode_push(push))
    assert reply == protobuf_replies(codec_protobuf.encode_push(push))[0]
    assert reply["push"]["channel"] == push.channel


@pytest.mark.parametrize("codec", [codec_json, codec_protobuf], ids=["json", "protobuf"])
@settings(deadline=None)
@given(frame=st.binary(max_size=80))
def test_any_bytes_are_commands_or_a_protocol_error(codec: Codec, frame: bytes) -> None:
    with suppress(ProtocolError):
        list(codec.decode(frame))
