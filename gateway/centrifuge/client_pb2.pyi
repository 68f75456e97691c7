"""What codec_protobuf uses of the generated module. Written by hand: the generator's own stub is untyped."""

from collections.abc import Mapping
from typing import Self

class _Message:
    def __init__(self, **fields: object) -> None: ...
    @classmethod
    def FromString(cls, data: bytes) -> Self: ...
    def SerializeToString(self) -> bytes: ...
    def HasField(self, name: str) -> bool: ...

class Command(_Message):
    id: int
    connect: ConnectRequest
    subscribe: SubscribeRequest
    unsubscribe: UnsubscribeRequest
    publish: PublishRequest
    presence: PresenceRequest
    presence_stats: PresenceStatsRequest
    history: HistoryRequest
    ping: PingRequest
    send: SendRequest
    rpc: RPCRequest
    refresh: RefreshRequest
    sub_refresh: SubRefreshRequest

class Reply(_Message): ...

class ConnectRequest(_Message):
    token: str
    data: bytes
    subs: Mapping[str, SubscribeRequest]
    name: str
    version: str
    headers: Mapping[str, str]

class SubscribeRequest(_Message):
    channel: str
    token: str
    recover: bool
    epoch: str
    offset: int
    data: bytes
    positioned: bool
    recoverable: bool
    join_leave: bool
    delta: str
    tf: FilterNode
    flag: int
    type: int

class FilterNode(_Message): ...

class UnsubscribeRequest(_Message):
    channel: str

class PublishRequest(_Message):
    channel: str
    data: bytes

class PresenceRequest(_Message):
    channel: str

class PresenceStatsRequest(_Message):
    channel: str

class HistoryRequest(_Message):
    channel: str
    limit: int
    since: StreamPosition
    reverse: bool

class StreamPosition(_Message):
    offset: int
    epoch: str

class PingRequest(_Message): ...

class SendRequest(_Message):
    data: bytes

class RPCRequest(_Message):
    data: bytes
    method: str

class RefreshRequest(_Message):
    token: str

class SubRefreshRequest(_Message):
    channel: str
    token: str
