"""Names, tokens and links that somebody made up, altered, or has from somebody else."""

from __future__ import annotations

import pytest

from chatcore.domain.ids import new_sid
from gateway.sdkhttp.names import LABEL
from tests.support.lone_gateway import http_client
from tests.support.native import ErrorReply
from tests.support.twilsock import TwilsockClient

from .outcomes import ELSEWHERE, SHUT_OUT, Caller, Kind
from .room import OWNER
from .world import IDENTITIES, World

NO_MESSAGE, NO_MEMBER = 1500, 1402


async def code(world: World, caller: Caller, method: str, **params: object) -> int:
    with pytest.raises(ErrorReply) as refused:
        await world.doors.native[caller].rpc(method, **params)
    return refused.value.code


async def status(world: World, caller: Caller, method: str, path: str, body: object = None) -> tuple[int, int]:
    answer = await world.doors.twilsock[caller].request(method, path, body)
    return answer.status, answer.body["code"]


# Names.


@pytest.mark.parametrize("caller", [Caller.OWNER, Caller.OUTSIDER])
async def test_a_sid_of_another_kind_names_no_channel(world: World, caller: Caller) -> None:
    room = world.rooms[Kind.PRIVATE]
    names = (room.owner_sid, room.message, room.members[OWNER], room.service, f"CH{room.owner_sid[2:]}", new_sid("CH"))
    for name in names:
        assert await code(world, caller, "channel.get", channel=name) == 1300, name
        assert await status(world, caller, "GET", f"/Client/v1/Conversations/{name}") == (404, 50300), name
        with pytest.raises(ErrorReply, match=r"^103 "):
            await world.doors.native[caller].command("subscribe", channel=f"chat:CH{room.owner_sid[2:]}")
    for name in (f"chat:{room.owner_sid}", f"user:{room.owner_sid}", "chat:", room.sid, f"profile:{room.owner_sid}"):
        with pytest.raises(ErrorReply, match=r"^102 "):
            await world.doors.native[caller].command("subscribe", channel=name)


async def test_what_lies_in_one_room_is_not_reached_through_another(world: World) -> None:
    """By a member of both, and by one who is a stranger in the room of the thing."""
    private, public = world.rooms[Kind.PRIVATE], world.rooms[Kind.PUBLIC]
    for caller in (Caller.OWNER, Caller.MEMBER):
        for method in ("message.get", "message.delete", "media.url"):
            assert await code(world, caller, method, channel=public.sid, sid=private.message) == NO_MESSAGE
        path = f"/Client/v1/Conversations/{public.sid}/Messages/{private.message}"
        assert await status(world, caller, "DELETE", path) == (404, 50500)
        assert await status(world, caller, "GET", f"{path}/Receipts") == (404, 50500)
    identity = private.members[OWNER]
    assert await code(world, Caller.OWNER, "member.remove", channel=public.sid, identity=identity) == NO_MEMBER
    path = f"/Client/v1/Conversations/{public.sid}/Participants/{identity}"
    assert await status(world, Caller.OWNER, "DELETE", path) == (404, 50402)
    http = world.builder.http
    for below in (f"Messages/{private.message}", f"Members/{identity}", f"Invites/{new_sid('IN')}"):
        response = await http.get(f"/v2/Services/{public.service}/Channels/{public.sid}/{below}")
        assert (response.status_code, response.json()["code"]) == (404, 20404)


async def test_unique_names_of_private_channels_are_as_good_as_none(world: World) -> None:
    for caller in (Caller.OUTSIDER, Caller.RETURNED, *ELSEWHERE):
        for name in (f"{world.rooms[Kind.PRIVATE].marker} unique", "no such name"):
            assert await code(world, caller, "channel.get", channel=name) == 1300
            assert await code(world, caller, "channel.join", channel=name) == 1300


@pytest.mark.parametrize("caller", [Caller.MEMBER, Caller.OUTSIDER, *ELSEWHERE])
async def test_the_map_of_somebody_elses_channels_is_as_good_as_that_of_nobody(world: World, caller: Caller) -> None:
    answers = set()
    for sid in (world.rooms[Kind.PRIVATE].owner_sid, new_sid("US")):
        for name in (f"MP2{sid[3:]}", f"{sid}.channels"):
            for end in ("", "/Items"):
                answers.add(await status(world, caller, "GET", f"/v3/Maps/{name}{end}"))
    assert answers == {(403, 54007)}


async def test_a_name_of_one_kind_of_object_opens_no_other(world: World) -> None:
    room = world.rooms[Kind.PRIVATE]
    wrong = {
        f"Maps/{room.sid}.channel": 54200,
        f"Maps/{room.sid}.channels": 54200,
        f"Maps/{room.owner_sid}.roster": 54200,
        f"Maps/MP4{room.sid[3:]}": 54200,
        f"Lists/{room.sid}.roster": 54150,
        f"Lists/ES1{room.sid[3:]}": 54150,
        f"Documents/{room.sid}.messages": 54100,
        f"Documents/ET1{room.sid[3:]}": 54100,
        f"Documents/{room.sid}": 54100,
    }
    for path, number in wrong.items():
        assert await status(world, Caller.OWNER, "GET", f"/v3/{path}") == (404, number), path


async def test_a_page_token_gives_nothing_of_whom_it_was_made_for(world: World) -> None:
    owner, outsider = world.doors.twilsock[Caller.OWNER], world.doors.twilsock[Caller.OUTSIDER]
    path = "/Client/v1/MyConversations"
    page = await owner.request("GET", path, params={"PageSize": 1})
    replayed = await outsider.request("GET", path, params={"PageToken": page.body["meta"]["next_token"]})
    own = await outsider.request("GET", path, params={"PageSize": 100})
    mine = {entry["sid"] for entry in own.body["conversations"]}
    assert {entry["sid"] for entry in replayed.body["conversations"]} <= mine
    items = f"/v3/Lists/{world.rooms[Kind.PRIVATE].sid}.messages/Items"
    page = await owner.request("GET", items, params={"PageSize": 1, "Order": "asc"})
    token = page.body["meta"]["next_token"]
    assert token
    for caller, refused in ((Caller.OUTSIDER, (403, 54007)), (Caller.OTHER_SERVICE, (404, 54150))):
        answer = await world.doors.twilsock[caller].request("GET", items, params={"PageToken": token})
        assert (answer.status, answer.body["code"]) == refused


# Tokens.


async def test_a_continuation_token_is_nobodys_pass(world: World) -> None:
    doors = world.doors
    first = await TwilsockClient.open(doors.url)
    doors.stack.push_async_callback(first.close)
    owners = (await first.init(doors.tokens[Caller.OWNER]))["continuation_token"]
    await first.close()
    for continued in (owners, "made up", f"{owners}x"):
        client = await TwilsockClient.open(doors.url)
        doors.stack.push_async_callback(client.close)
        reply = await client.init(doors.tokens[Caller.OUTSIDER], continuation_token=continued)
        assert reply["status"]["code"] == 200
        assert reply["continuation_token"] not in (continued, "")
        assert (await client.request("GET", "/Client/v1/Configuration")).body["identity"] == IDENTITIES[Caller.OUTSIDER]
        path = f"/v3/Lists/{world.rooms[Kind.PRIVATE].sid}.messages"
        assert (await client.request("GET", path)).status == 403
        await client.close()
        for caller in SHUT_OUT:
            client = await TwilsockClient.open(doors.url)
            doors.stack.push_async_callback(client.close)
            reply = await client.init(doors.tokens[caller], continuation_token=continued)
            assert (reply["status"]["code"], reply.get("continuation_token")) == (401, None)
            await client.close()


async def test_a_connection_cannot_be_turned_into_somebody_elses(world: World) -> None:
    doors = world.doors
    for caller in (Caller.OWNER, *ELSEWHERE, *SHUT_OUT):
        sdk = await TwilsockClient.open(doors.url)
        doors.stack.push_async_callback(sdk.close)
        await sdk.init(doors.tokens[Caller.OUTSIDER])
        refused = (await sdk.call("update", token=doors.tokens[caller])).header["status"]
        assert refused["code"] == (401 if caller in SHUT_OUT else 403)
        assert (await sdk.request("GET", "/Client/v1/Configuration")).body["identity"] == IDENTITIES[Caller.OUTSIDER]
        await sdk.close()
        native = await doors.open_native()
        await native.connect(doors.tokens[Caller.OUTSIDER], mode="feed")
        native.post("refresh", token=doors.tokens[caller])
        assert (await native.ended())[0] == (3005 if caller is Caller.EXPIRED else 3500)


async def test_an_identity_in_a_request_is_not_believed(world: World) -> None:
    """Whoever asks is whoever the token named, whatever a header, a parameter or the body say."""
    sdk, room = world.doors.twilsock[Caller.OUTSIDER], world.rooms[Kind.PRIVATE]
    path = f"/v3/Lists/{room.sid}.messages"
    headers = {"X-Twilio-Token": world.doors.tokens[Caller.OWNER], "Authorization": "Basic eDp5", "Identity": OWNER}
    answer = await sdk.request("GET", path, {"identity": OWNER}, params={"Identity": OWNER}, **headers)
    assert (answer.status, answer.body["code"]) == (403, 54007)
    answer = await sdk.request("GET", f"{LABEL}{path}")
    assert answer.status == 404
    assert await code(world, Caller.OUTSIDER, "message.list", channel=room.sid, identity=OWNER) == 1300


async def test_tokens_are_made_for_ones_own_services_and_roles_only(world: World) -> None:
    home, stranger = world.home, world.stranger
    async with http_client(world.doors.url, auth=(stranger.key_sid, stranger.key_secret)) as http:
        asked = {"identity": OWNER, "service_sid": home.service_sid}
        answers = [await http.post("/token", data=asked), await http.post("/token", json=asked)]
        answers.append(await http.post("/token", data={**asked, "service_sid": new_sid("IS")}))
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, 50050)}
        made = {"identity": OWNER, "role_sid": world.builder.admin_role}
        foreign = await http.post("/token", data=made)
        unknown = await http.post("/token", data={**made, "role_sid": new_sid("RL")})
        assert (foreign.status_code, foreign.json()["code"]) == (unknown.status_code, unknown.json()["code"])
        assert foreign.status_code == 404
    async with http_client(world.doors.url) as http:
        assert (await http.post("/token", data=asked)).status_code == 401
        assert (await http.get("/token", params={"identity": OWNER})).status_code in (404, 405)


async def test_a_device_is_registered_for_whoever_asks(world: World) -> None:
    """The newest registration of a device wins, as phones change hands; but nobody registers one for others."""
    native, room = world.doors.native[Caller.OUTSIDER], world.rooms[Kind.PRIVATE]
    token = f"device-of:{new_sid('BS')}"
    made = await native.rpc(
        "push.register",
        type="fcm",
        token=token,
        identity=OWNER,
        user_sid=room.owner_sid,
        credential_sid=room.credential,
    )
    path = f"/v2/Services/{room.service}/Bindings/{made['binding_sid']}"
    assert (await world.builder.http.get(path)).json()["identity"] == IDENTITIES[Caller.OUTSIDER]
    for caller in (Caller.OWNER, *ELSEWHERE):
        await world.doors.native[caller].rpc("push.unregister", type="fcm", token=token)
        gone = await world.doors.twilsock[caller].request("DELETE", f"/v1/registrations/{made['binding_sid']}")
        assert gone.status == 204
    assert (await world.builder.http.get(path)).status_code == 200


async def test_typing_that_is_not_allowed_is_dropped_in_silence(world: World) -> None:
    """`send` is never answered; that nothing was heard is looked at when all tests are done."""
    for room in world.rooms.values():
        for caller in (Caller.INVITED, Caller.OUTSIDER, Caller.RETURNED, *ELSEWHERE):
            native = world.doors.native[caller]
            sent = native.post("send", data={"method": "typing.start", "params": {"channel": room.sid}})
            await native.command("ping")
            assert not sent.done()
