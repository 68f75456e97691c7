"""The official Python library behind the common face."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import centrifuge

from tests.support.patience import PATIENCE

from .feed import Feed, Happening
from .sdk import CallRefused, Options, Position, Presence, Stretch

ANY = Any  # the library is not typed


class PythonSdk:
    """Keeps the library's own defaults but for quicker reconnects."""

    def __init__(self, options: Options, *, protobuf: bool) -> None:
        self.feed = Feed()
        self._options = options
        self._protobuf = protobuf
        self._client: ANY = centrifuge.Client(
            options.websocket,
            events=_events(self),
            get_token=self._token,
            use_protobuf=protobuf,
            data=self._encode(options.data),
            min_reconnect_delay=0.05,
            max_reconnect_delay=1.0,
            timeout=PATIENCE,
            proxy=None,
        )

    async def _token(self) -> str:
        return self._options.token()

    def decode(self, data: Any) -> Any:
        return json.loads(data) if self._protobuf and data is not None else data

    def _encode(self, data: Any) -> Any:
        return json.dumps(data).encode() if self._protobuf else data

    async def connect(self) -> None:
        await self._client.connect()

    async def disconnect(self) -> None:
        await self._client.disconnect()

    async def rpc(self, method: str, params: Any) -> Any:
        result = await _answer(self._client.rpc(method, self._encode(params)))
        return self.decode(result.data)

    async def publish(self, channel: str, data: Any) -> None:
        await _answer(self._client.publish(channel, self._encode(data)))

    async def subscribe(self, channel: str, state: Callable[[], Position] | None = None) -> None:
        async def get_state(_: str) -> Any:
            assert state is not None, "given to the library only then"
            position = state()
            return centrifuge.StreamPosition(offset=position.offset, epoch=position.epoch)

        subscription = self._client.get_subscription(channel) or self._client.new_subscription(
            channel,
            events=_subscription_events(self, channel),
            get_state=None if state is None else get_state,
            min_resubscribe_delay=0.05,
        )
        await subscription.subscribe()

    async def unsubscribe(self, channel: str) -> None:
        await self._client.get_subscription(channel).unsubscribe()

    async def history(
        self, channel: str, *, limit: int = 0, since: Position | None = None, reverse: bool = False
    ) -> Stretch:
        position = None if since is None else centrifuge.StreamPosition(offset=since.offset, epoch=since.epoch)
        found = await _answer(self._client.history(channel, limit=limit, since=position, reverse=reverse))
        publications = [self.publication(channel, publication) for publication in found.publications]
        return Stretch(publications=publications, offset=found.offset, epoch=found.epoch)

    async def presence(self, channel: str) -> Mapping[str, Presence]:
        found = await _answer(self._client.presence(channel))
        return {
            client: Presence(user=info.user, info=self.decode(info.conn_info)) for client, info in found.clients.items()
        }

    async def presence_stats(self, channel: str) -> tuple[int, int]:
        found = await _answer(self._client.presence_stats(channel))
        return found.num_clients, found.num_users

    def publication(self, channel: str, publication: ANY) -> Happening:
        return Happening(
            kind="publication", channel=channel, data=self.decode(publication.data), offset=publication.offset
        )

    def subscribed(self, channel: str, context: ANY) -> Happening:
        position = context.stream_position
        return Happening(
            kind="subscribed",
            channel=channel,
            data=self.decode(context.data),
            offset=position.offset if position else 0,
            epoch=position.epoch if position else "",
            recovered=context.recovered,
            was_recovering=context.was_recovering,
        )


async def _answer(call: ANY) -> ANY:
    try:
        return await call
    except centrifuge.CentrifugeError as error:
        code = getattr(error, "code", 1)
        raise CallRefused(code, str(error), getattr(error, "temporary", False)) from None


def _coded(kind: str, context: ANY, channel: str = "") -> Happening:
    return Happening(kind=kind, channel=channel, code=context.code, reason=context.reason)


def _events(sdk: PythonSdk) -> ANY:
    put = sdk.feed.put

    class Events(centrifuge.ClientEventHandler):  # type: ignore[misc]  # the library is not typed
        async def on_connecting(self, ctx: ANY) -> None:
            put(_coded("connecting", ctx))

        async def on_connected(self, ctx: ANY) -> None:
            put(Happening(kind="connected", client=ctx.client, data=sdk.decode(ctx.data)))

        async def on_disconnected(self, ctx: ANY) -> None:
            put(_coded("disconnected", ctx))

        async def on_error(self, ctx: ANY) -> None:
            put(Happening(kind="error", code=ctx.code, reason=str(ctx.error)))

        async def on_subscribing(self, ctx: ANY) -> None:
            put(Happening(kind="subscribing", channel=ctx.channel))

        async def on_subscribed(self, ctx: ANY) -> None:
            put(sdk.subscribed(ctx.channel, ctx))

        async def on_unsubscribed(self, ctx: ANY) -> None:
            put(Happening(kind="unsubscribed", channel=ctx.channel))

        async def on_publication(self, ctx: ANY) -> None:
            put(sdk.publication(ctx.channel, ctx.pub))

    return Events()


def _subscription_events(sdk: PythonSdk, channel: str) -> ANY:
    put = sdk.feed.put

    class Events(centrifuge.SubscriptionEventHandler):  # type: ignore[misc]  # the library is not typed
        async def on_subscribing(self, ctx: ANY) -> None:
            put(_coded("subscribing", ctx, channel))

        async def on_subscribed(self, ctx: ANY) -> None:
            put(sdk.subscribed(channel, ctx))

        async def on_unsubscribed(self, ctx: ANY) -> None:
            put(_coded("unsubscribed", ctx, channel))

        async def on_publication(self, ctx: ANY) -> None:
            put(sdk.publication(channel, ctx.pub))

        async def on_error(self, ctx: ANY) -> None:
            put(Happening(kind="error", channel=channel, code=ctx.code, reason=str(ctx.error)))

    return Events()
