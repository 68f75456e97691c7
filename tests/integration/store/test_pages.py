"""Keyset pages of everything that is listed by date."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from chatcore.domain.model import Channel, Invite, Member, Membership, Role, Service, User
from chatcore.domain.paging import Cursor, Page, Window
from chatcore.store.channels import membership_cursor
from chatcore.store.postgres import PostgresStore

from . import make

Thing = Channel | Invite | Member | Membership | Role | Service | User
Lister = Callable[[Window], Coroutine[Any, Any, Page[Any]]]  # of one kind of thing


def _cursor(thing: Thing) -> Cursor:
    return membership_cursor(thing) if isinstance(thing, Membership) else (thing.date_created, thing.sid)


async def _lists(store: PostgresStore, service: Service) -> dict[str, Lister]:
    """Seven or so of everything, some with the same date."""
    alice = await make.user(store, service, "alice")
    channels = [await make.channel(store, service, date_created=make.later(n // 3)) for n in range(7)]
    for n, channel in enumerate(channels):
        entry = make.invite if n % 3 == 1 else make.member
        await entry(store, service, channel, alice, date_created=make.later(n // 2))
    for name in "bcdefg":
        user = await make.user(store, service, name)
        await make.member(store, service, channels[0], user)
        await make.invite(store, service, channels[1], user)
    for _ in range(3):
        await make.service(store)
    read = store.read
    return {
        "channels": lambda window: read.channels.list(service.sid, window),
        "typed channels": lambda window: read.channels.list(service.sid, window, types=[channels[0].type]),
        "users": lambda window: read.users.list(service.sid, window),
        "members": lambda window: read.members.list(channels[0].sid, window),
        "named members": lambda window: read.members.list(channels[0].sid, window, identities=[alice.identity] * 2),
        "invites": lambda window: read.invites.list(channels[1].sid, window),
        "roles": lambda window: read.roles.list(service.sid, window),
        "services": lambda window: read.services.list(service.account_sid, window),
        "memberships": lambda window: read.channels.of_user(alice.sid, window),
    }


async def _forwards(lister: Lister, size: int) -> list[Thing]:
    items: list[Thing] = []
    window = Window(limit=size)
    while True:
        page = await lister(window)
        assert page.has_before == bool(items)
        items += page.items
        if not page.has_after:
            return items
        assert len(page.items) == size
        window = Window(limit=size, after=_cursor(page.items[-1]))


async def _backwards(lister: Lister, size: int, last: Cursor) -> list[Thing]:
    items: list[Thing] = []
    window = Window(limit=size, before=last)
    while True:
        page = await lister(window)
        assert page.has_after
        items[:0] = page.items
        if not page.has_before:
            return items
        window = Window(limit=size, before=_cursor(page.items[0]))


@pytest.mark.parametrize("size", [1, 2, 3, 100])
async def test_every_list_can_be_walked_both_ways(store: PostgresStore, service: Service, size: int) -> None:
    for name, lister in (await _lists(store, service)).items():
        everything: Sequence[Thing] = (await lister(Window(limit=100))).items
        assert everything, name
        assert list(everything) == sorted(everything, key=_cursor), name
        assert await _forwards(lister, size) == list(everything), name
        assert await _backwards(lister, size, _cursor(everything[-1])) == list(everything[:-1]), name
        for skip in range(len(everything) + 2):
            page = await lister(Window(limit=size, offset=skip))
            assert list(page.items) == list(everything[skip : skip + size]), name
            assert page.has_before == (skip > 0), name
            assert page.has_after == (skip + size < len(everything)), name


async def test_an_empty_page_knows_what_lies_beside_it(store: PostgresStore, service: Service) -> None:
    for name, lister in (await _lists(store, service)).items():
        everything = (await lister(Window(limit=100))).items
        beyond = await lister(Window(limit=5, after=_cursor(everything[-1])))
        ahead = await lister(Window(limit=5, before=_cursor(everything[0])))
        assert (list(beyond.items), beyond.has_before, beyond.has_after) == ([], True, False), name
        assert (list(ahead.items), ahead.has_before, ahead.has_after) == ([], False, True), name


async def test_an_empty_list_has_nothing_beside_it(store: PostgresStore, service: Service) -> None:
    for window in (
        Window(limit=5),
        Window(limit=5, offset=3),
        Window(limit=5, after=(make.NOW, "CH")),
        Window(limit=5, before=(make.NOW, "CH")),
    ):
        page = await store.read.channels.list(service.sid, window)
        assert (list(page.items), page.has_before, page.has_after) == ([], False, False)
