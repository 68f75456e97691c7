"""Every row of the table for every caller: what it gets, that a refusal changes nothing and tells nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.routing import Route

from gateway.media.links import Use
from tests.integration.contract.rig import running_rig
from tests.support.servers import Servers, cloned_database

from .doors import Answer, expected
from .fingerprint import differences
from .outcomes import ELSEWHERE, LIKE_ABSENT, Caller, Kind, Outcome
from .room import Room
from .rules import Door, Row
from .table import ROWS, registered, tabled
from .world import World


@pytest.mark.parametrize("door", Door)
def test_everything_that_can_be_asked_has_a_row(door: Door) -> None:
    known, told = registered()[door], tabled()[door]
    assert sorted(known - told) == [], "these have no row"
    assert sorted(told - known) == [], "these are no longer there"


PUBLIC = {"/healthz", "/readyz", "/metrics"}
"""What anybody may ask for, beside the reference."""


async def test_every_path_outside_rest_is_known(servers: Servers, tmp_path: Path) -> None:
    """Beside them there is only REST, of which each operation has a row."""
    async with cloned_database(servers) as dsn, running_rig(dsn, tmp_path) as rig:
        paths = {route.path for route in rig.app.routes if isinstance(route, Route)}
    links = {f"/{use}/{{sid}}" for use in Use}
    assert {path for path in paths if not path.startswith("/docs")} == PUBLIC | links | {"/token"}


@pytest.mark.parametrize("row", ROWS, ids=str)
async def test_a_row(world: World, row: Row) -> None:
    wrong: list[str] = []
    for kind, rule in row.rules().items():
        outcomes = {caller: rule.of(caller) for caller in Caller}
        acting = [caller for caller, outcome in outcomes.items() if row.changes and _acts(outcome)]
        before = await world.state.read()
        for caller, outcome in outcomes.items():
            if caller not in acting:
                wrong += await _judge(world, row, caller, outcome, world.rooms[kind])
        if changed := differences(before, await world.state.read()):
            wrong.append(f"{kind}: something was changed that must not: {', '.join(changed)}")
        room: Room | None = None
        for caller in acting:
            room = await world.builder.room(kind) if room is None or row.alone else room
            wrong += await _judge(world, row, caller, outcomes[caller], room)
    assert not wrong, "\n".join(wrong)


def _acts(outcome: Outcome) -> bool:
    return outcome in (Outcome.OK, Outcome.SEES, Outcome.BLIND)


async def _judge(world: World, row: Row, caller: Caller, outcome: Outcome, room: Room) -> list[str]:
    """What is wrong with one cell."""
    answer = await world.doors.ask(row, caller, room)
    wanted = expected(row.door, outcome)
    complaints = []
    if answer.said != wanted:
        complaints.append(f"says {answer.said}, not {wanted}")
    if outcome is Outcome.SEES and room.sid not in answer.text:
        complaints.append("shows nothing of the room")
    if outcome not in (Outcome.SEES, Outcome.OK) and room.marker in answer.text:
        complaints.append("tells what is in the room")
    if outcome is Outcome.BLIND and room.sid in answer.text:
        complaints.append("tells of the room")
    if caller in ELSEWHERE and "profile-" in answer.text:
        complaints.append("tells a profile")
    if not complaints and outcome in LIKE_ABSENT:
        unreal = room.unreal()
        other = await world.doors.ask(row, caller, unreal)
        if (answer.said, plain(answer, room)) != (other.said, plain(other, unreal)):
            complaints.append(f"differs from what is said of nothing: {other.text}")
    return [f"{room.kind} × {caller}: {complaint}: {answer.text[:300]}" for complaint in complaints]


def plain(answer: Answer, room: Room) -> str:
    """Without what the request said itself."""
    text = answer.text
    for name, stand_in in room.names().items():
        text = text.replace(name, stand_in)
    return text


async def test_nobody_heard_what_was_not_done(world: World) -> None:
    """After all rows: what members of the standing rooms heard, and what strangers heard of private ones."""
    await world.witness.rpc("user.list", identities=["x"])
    topics = {f"chat:{room.sid}" for room in world.rooms.values()}
    sids = {room.sid for room in world.rooms.values()}
    heard = [
        push
        for push in world.witness.pushes
        if push.get("channel") in topics or push.get("pub", {}).get("data", {}).get("channel_sid") in sids
    ]
    assert heard == []
    for caller in (Caller.OUTSIDER, Caller.RETURNED, *ELSEWHERE):
        told = [str(push) for push in world.doors.native[caller].pushes]
        told += [frame.payload.decode() for frame in world.doors.twilsock[caller].frames]
        assert [text[:200] for text in told if f"{Kind.PRIVATE}-" in text and "secret" in text] == [], caller
