"""Temporary links to files: they stand for themselves, for one file and one use, until they expire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from starlette.routing import Route

from chatcore.domain.ids import MediaSid, new_sid
from gateway.media.direct import DirectMedia
from gateway.media.links import LIFETIMES, SignedLinks, Use
from tests.support.lone_gateway import SECRET_KEY

from .fingerprint import differences
from .outcomes import Caller, Kind
from .room import PNG
from .world import World

REFUSED = (403, 20403)


@dataclass(frozen=True, slots=True)
class Then:
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()


def link(use: Use, sid: str, *, key: str = SECRET_KEY, age: timedelta = timedelta()) -> str:
    """Made as a gateway with that key would have made it then."""
    made = SignedLinks([key], Then(datetime.now(UTC) - age)).make(use, MediaSid(sid), "http://x.test")
    return made.url.removeprefix("http://x.test")


def altered(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    return f"{parts.path}?{urlencode(query)}"


def forgeries(use: Use, sid: str) -> dict[str, str]:
    other = next(each for each in Use if each is not use)
    good = link(use, sid)
    lifetime = LIFETIMES[use]
    later = str(int((datetime.now(UTC) + 2 * lifetime).timestamp()))
    signature = parse_qs(urlsplit(good).query)["sig"][0]
    return {
        "no query": urlsplit(good).path,
        "no signature": altered(good, sig=""),
        "altered signature": altered(good, sig=("B" if signature[0] == "A" else "A") + signature[1:]),
        "cut signature": altered(good, sig=signature[:-1]),
        "later expiry": altered(good, exp=later),
        "of another file": good.replace(sid, new_sid("ME")),
        "of another use": altered(good, sig=parse_qs(urlsplit(link(other, sid)).query)["sig"][0]),
        "other key": link(use, sid, key="another key"),
        "expired": link(use, sid, age=lifetime + timedelta(seconds=2)),
    }


async def fetch(world: World, use: Use, url: str) -> httpx.Response:
    if use is Use.CONTENT:
        return await world.doors.http.get(url)
    return await world.doors.http.put(url, content=PNG, headers={"Content-Type": "image/png"})


def test_every_kind_of_link_is_tried() -> None:
    room: object = None
    routes = DirectMedia(room).routes()  # type: ignore[arg-type]  # only kept while routes are made
    assert {route.path for route in routes if isinstance(route, Route)} == {f"/{use}/{{sid}}" for use in Use}


@pytest.mark.parametrize("use", Use)
async def test_a_link_that_was_not_made_so_is_refused(world: World, use: Use) -> None:
    room = world.rooms[Kind.PRIVATE]
    announced = await world.doors.native[Caller.OWNER].rpc("media.create", content_type="image/png", size=len(PNG))
    sid = room.media if use is Use.CONTENT else announced["media"]["sid"]
    before = await world.state.read()
    wrong = {}
    for name, url in forgeries(use, sid).items():
        response = await fetch(world, use, url)
        found = response.status_code, response.json()["code"]
        if found != REFUSED or room.marker in response.text or PNG in response.content:
            wrong[name] = response.text
    assert wrong == {}
    assert differences(before, await world.state.read()) == []
    assert (await fetch(world, use, link(use, sid))).is_success


async def test_a_link_of_another_service_gives_nothing_of_this_one(world: World) -> None:
    """A stranger's own good link, with the name of a file of this service in it."""
    room, stranger = world.rooms[Kind.PRIVATE], world.doors.native[Caller.OTHER_ACCOUNT]
    own = await stranger.rpc("media.create", content_type="image/png", size=len(PNG))
    upload = urlsplit(own["upload"]["url"])
    for path in (
        f"/{Use.UPLOAD}/{room.media}",
        f"/{Use.CONTENT}/{room.media}",
        f"/{Use.CONTENT}/{own['media']['sid']}",
    ):
        for method in ("GET", "PUT"):
            response = await world.doors.http.request(method, f"{path}?{upload.query}", content=PNG)
            assert response.status_code in (403, 405), path
            assert room.marker not in response.text


async def test_a_link_to_bring_a_file_works_once(world: World) -> None:
    announced = await world.doors.native[Caller.OWNER].rpc("media.create", content_type="image/png", size=len(PNG))
    url = announced["upload"]["url"]
    assert (await fetch(world, Use.UPLOAD, url)).status_code == 204
    before = await world.state.read()
    again = await world.doors.http.put(url, content=PNG[::-1], headers={"Content-Type": "text/html"})
    assert again.status_code == 409
    assert differences(before, await world.state.read()) == []
