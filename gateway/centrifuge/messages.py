"""Everything the Centrifuge client protocol lets a client ask, and everything this server answers.

Field names are the protocol's. A payload (`data`, `conn_info`, `chan_info`) is the UTF-8 text of one JSON value in both
encodings, `b""` when absent. A payload read from a client is only known to be bytes: who uses it parses it.
Zero values are not sent, an empty result is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from chatcore.domain.values import value

# --- from the client -------------------------------------------------------------------------------------------------


@value
class StreamPosition:
    offset: int = 0
    epoch: str = ""


@value
class SubscribeRequest:
    """What a client wants of one channel. In `Connect.subs` the channel is the map's key and `channel` stays empty."""

    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: int = 0
    data: bytes = b""
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    delta: str = ""
    tag_filter: bool = False  # whether a filter (`tf`) was given; what it says is never read
    flag: int = 0
    type: int = 0

    @property
    def rejects_unrecovered(self) -> bool:
        """The client prefers error 112 to a subscription that could not be recovered."""
        return bool(self.flag & 2)


@value
class Connect:
    id: int
    token: str = ""
    data: bytes = b""
    subs: Mapping[str, SubscribeRequest] = field(default_factory=dict)
    name: str = ""
    version: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@value
class Subscribe:
    id: int
    request: SubscribeRequest


@value
class Unsubscribe:
    id: int
    channel: str


@value
class Publish:
    id: int
    channel: str = ""
    data: bytes = b""


@value
class Presence:
    id: int
    channel: str = ""


@value
class PresenceStats:
    id: int
    channel: str = ""


@value
class History:
    """`limit`: 0 asks for the position only, below 0 for as many events as the server allows."""

    id: int
    channel: str = ""
    limit: int = 0
    since: StreamPosition | None = None
    reverse: bool = False


@value
class Ping:
    id: int


@value
class Send:
    """The one command without an id: it is never answered."""

    data: bytes = b""


@value
class Rpc:
    id: int
    method: str = ""
    data: bytes = b""


@value
class Refresh:
    id: int
    token: str


@value
class SubRefresh:
    id: int
    channel: str
    token: str = ""


@value
class Pong:
    """The empty command: the answer to the server's ping."""


Command = (
    Connect
    | Subscribe
    | Unsubscribe
    | Publish
    | Presence
    | PresenceStats
    | History
    | Ping
    | Send
    | Rpc
    | Refresh
    | SubRefresh
    | Pong
)

# --- to the client ---------------------------------------------------------------------------------------------------


@value
class ClientInfo:
    user: str = ""
    client: str = ""
    conn_info: bytes = b""
    chan_info: bytes = b""


@value
class Publication:
    """`time` in Unix milliseconds. `offset` 0 means the publication is outside the stream and is never sent as a 0."""

    data: bytes
    offset: int = 0
    time: int = 0
    info: ClientInfo | None = None


@value
class SubscribeResult:
    """`publications` only together with `recovered`: SDKs deliver them whatever the flag says."""

    recoverable: bool = False
    positioned: bool = False
    epoch: str = ""
    offset: int = 0
    publications: tuple[Publication, ...] = ()
    recovered: bool = False
    was_recovering: bool = False
    data: bytes = b""
    expires: bool = False
    ttl: int = 0


@value
class ConnectResult:
    """`ttl` and `ping` in seconds, `time` in Unix milliseconds. `ttl` is at least 1 when `expires` is set."""

    client: str
    version: str = ""
    expires: bool = False
    ttl: int = 0
    data: bytes = b""
    subs: Mapping[str, SubscribeResult] = field(default_factory=dict)
    ping: int = 0
    pong: bool = False
    time: int = 0


@value
class UnsubscribeResult:
    pass


@value
class PublishResult:
    pass


@value
class PresenceResult:
    """Live connections of a channel by client id."""

    presence: Mapping[str, ClientInfo] = field(default_factory=dict)


@value
class PresenceStatsResult:
    num_clients: int = 0
    num_users: int = 0


@value
class HistoryResult:
    """`offset` and `epoch` are the stream's top, whatever part of it the publications show."""

    publications: tuple[Publication, ...] = ()
    epoch: str = ""
    offset: int = 0


@value
class PingResult:
    pass


@value
class RpcResult:
    data: bytes = b""


@value
class RefreshResult:
    """Carries client and version again: JavaScript before 5.8 forgets its connection id otherwise."""

    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: int = 0


@value
class SubRefreshResult:
    expires: bool = False
    ttl: int = 0


Result = (
    ConnectResult
    | SubscribeResult
    | UnsubscribeResult
    | PublishResult
    | PresenceResult
    | PresenceStatsResult
    | HistoryResult
    | PingResult
    | RpcResult
    | RefreshResult
    | SubRefreshResult
)


@value
class ErrorReply:
    """A refused command. The message is never empty: the Python SDK reads it unconditionally."""

    code: int
    message: str
    temporary: bool = False

    def __post_init__(self) -> None:
        if not self.message:
            raise ValueError("an error reply needs a message")


@value
class PubPush:
    channel: str
    pub: Publication


@value
class SubscribePush:
    """The server subscribed this connection."""

    channel: str
    recoverable: bool = False
    positioned: bool = False
    epoch: str = ""
    offset: int = 0
    data: bytes = b""


@value
class UnsubscribePush:
    """The server ended a subscription. The reason is never empty: the Python SDK reads it unconditionally."""

    channel: str
    code: int
    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("an unsubscribe push needs a reason")


Push = PubPush | SubscribePush | UnsubscribePush
"""Join, leave, message and disconnect pushes exist in the protocol; this server sends none."""
