"""What a deleted user's sockets still ask before the node has closed them."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime

from chatcore.auth.tokens import mint
from tests.support.native import ErrorReply
from tests.support.native import Gone as NativeGone
from tests.support.twilsock import Gone, TwilsockClient

from .fingerprint import differences
from .native_rows import METHODS
from .outcomes import Kind
from .room import Room
from .rules import Json
from .sdk_rows import ROWS
from .world import World


def token(world: World, identity: str) -> str:
    home = world.home
    return mint(
        account_sid=home.sid,
        key_sid=home.key_sid,
        secret=home.key_secret,
        service_sid=home.service_sid,
        identity=identity,
        now=datetime.now(UTC),
        push_credential_sid=world.rooms[Kind.PUBLIC].credential,
    )


async def deleted(world: World, identity: str) -> None:
    response = await world.builder.http.delete(f"/v2/Services/{world.home.service_sid}/Users/{identity}")
    assert response.status_code == 204


async def rooms_of(world: World, identity: str) -> list[Room]:
    """Where it was the creator and had every right."""
    rooms = [await world.builder.room(kind) for kind in Kind]
    for room in rooms:
        place = f"/v2/Services/{room.service}/Channels/{room.sid}"
        await world.builder.post(place, CreatedBy=identity)
        await world.builder.post(f"{place}/Members", Identity=identity, RoleSid=world.builder.admin_role)
    return rooms


async def test_nothing_is_changed_with_the_native_protocol(world: World) -> None:
    identity = f"eva-{secrets.token_hex(4)}"
    native = await world.doors.open_native()
    await native.connect(token(world, identity), mode="feed")
    rooms = await rooms_of(world, identity)
    assert (await native.rpc("channel.get", channel=rooms[1].sid))["channel"]["created_by"] == identity
    await deleted(world, identity)
    before = await world.state.read()
    asked = [(f"{row} {room.kind}", row.ask(room)) for room in rooms for row in METHODS if row.changes]
    calls = native.post_together([("rpc", request) for _, request in asked])
    done = []
    for (name, _), call in zip(asked, calls, strict=True):
        try:
            done.append((name, await call))
        except (ErrorReply, NativeGone):
            continue
    assert differences(before, await world.state.read()) == [], done
    assert (await native.ended())[0] == 3503


async def test_nothing_is_changed_with_twilsock(world: World) -> None:
    identity = f"eva-{secrets.token_hex(4)}"
    client = await TwilsockClient.open(world.doors.url)
    world.doors.stack.push_async_callback(client.close)
    assert (await client.init(token(world, identity)))["status"]["code"] == 200
    rooms = await rooms_of(world, identity)
    path = f"/Client/v1/Conversations/{rooms[1].sid}"
    assert (await client.request("GET", path)).body["created_by"] == identity
    await deleted(world, identity)
    before = await world.state.read()
    asked = [(f"{row} {room.kind}", row.ask(room)) for room in rooms for row in ROWS if row.changes]
    frames = await asyncio.gather(*(_post(client, request) for _, request in asked), return_exceptions=True)
    done = [
        name
        for (name, _), frame in zip(asked, frames, strict=True)
        if not isinstance(frame, BaseException) and frame < 300
    ]
    assert {type(frame) for frame in frames if isinstance(frame, BaseException)} <= {Gone}
    assert differences(before, await world.state.read()) == [], done
    closed = await client.heard("close")
    assert closed.header["status"]["code"] == 401


async def _post(client: TwilsockClient, asked: Json) -> int:
    headers = {"content_type": "application/x-www-form-urlencoded"} if isinstance(asked["body"], bytes) else {}
    frame = await client.post(asked["method"], asked["path"], asked["body"], params=asked["params"], **headers)
    code: int = frame.header["http_status"]["code"]
    return code
