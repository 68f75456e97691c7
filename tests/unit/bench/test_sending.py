"""When clients of the load generator send, by a clock of the test."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.rig.client import Client, Place
from bench.rig.plan import Mix, Plan
from bench.rig.sending import Sending
from bench.rig.tally import Tally

PLAN = Plan(rooms=[Mix(size=2, count=3), Mix(size=4, count=1)], clients=4, shares={"json": 1}, processes=1, nodes=1)


class _Silent(Client):
    """Sends into nothing, and remembers."""

    path = "/"

    def send(self, room: int, body: str, ref: str, token: int, now: int) -> None:
        self.in_flight[len(self.in_flight)] = (token, now)
        SENT.append((self.place.number, room, body, ref, token))


SENT: list[tuple[int, int, str, str, int]] = []


class _Rig:
    """One process of clients, all live; `at` moves the clock and sends what is due."""

    def __init__(self) -> None:
        SENT.clear()
        self.now = 100.0
        tally = Tally(dict.fromkeys(range(4), "json"), lambda client, token, error: None)
        rooms = [{f"CH{room}": room for room in rooms} for rooms in PLAN.seats]
        self.clients: dict[int, Client] = {
            number: _Silent(Place(number=number, address=("", 0), token="", rooms=rooms[number]), tally)
            for number in range(4)
        }
        for client in self.clients.values():
            client.live = True
        self.sending = Sending(PLAN, 0, 40, "run", self.clients, lambda client: None, lambda: round(self.now * 1e9))

    def at(self, seconds: float) -> float:
        self.now = 100 + seconds
        return self.sending.due()


@pytest.fixture
def rig() -> _Rig:
    return _Rig()


def test_paced_sends_go_out_when_they_are_due(rig: _Rig) -> None:
    rig.sending.start(begin=100, seconds=10, rate=4)
    assert rig.at(0) == 0.25
    assert len(SENT) == 1
    rig.at(1.0)
    assert len(SENT) == 5
    assert {len(body) for _, _, body, _, _ in SENT} == {40}
    assert len({ref for *_, ref, _ in SENT}) == 5


def test_all_that_is_due_before_the_end_is_sent_though_it_is_late(rig: _Rig) -> None:
    rig.sending.start(begin=100, seconds=2, rate=4)
    rig.at(5)
    assert rig.sending.sent == 8
    assert rig.sending.latest == 5.0


def test_senders_only_write_into_rooms_they_are_in(rig: _Rig) -> None:
    rig.sending.start(begin=100, seconds=10, rate=4)
    rig.at(5)
    assert all(client in PLAN.members[room] for client, room, *_ in SENT)
    assert set(Counter(room for _, room, *_ in SENT)) == {0, 1, 2, 3}


def test_who_is_not_connected_is_skipped(rig: _Rig) -> None:
    for client in rig.clients.values():
        client.live = False
    rig.sending.start(begin=100, seconds=1, rate=4)
    rig.at(2)
    assert (rig.sending.sent, rig.sending.skipped) == (0, 4)


def test_a_sender_waits_for_its_answer(rig: _Rig) -> None:
    rig.sending.start(begin=100, seconds=10, senders=3)
    rig.at(0)
    rig.at(1)
    assert [token for *_, token in SENT] == [0, 1, 2]
    rig.sending.answered(1, gladly=True)
    rig.at(1.1)
    assert [token for *_, token in SENT[3:]] == [1]


def test_a_refused_sender_rests(rig: _Rig) -> None:
    rig.sending.start(begin=100, seconds=10, senders=1)
    rig.at(0)
    rig.sending.answered(0, gladly=False)
    assert rig.at(0) > 0
    assert len(SENT) == 1
    rig.at(0.2)
    assert len(SENT) == 2


def test_the_clock_stands_still_while_everybody_is_cut(rig: _Rig) -> None:
    rig.sending.start(begin=100, seconds=2, rate=1)
    rig.at(0)
    rig.sending.pause()
    rig.at(50)
    rig.sending.resume()
    rig.at(50.5)
    assert len(SENT) == 1
    rig.at(51)
    assert len(SENT) == 2


def test_it_is_finished_once_when_everything_is_answered(rig: _Rig) -> None:
    rig.sending.start(begin=100, seconds=1, rate=2)
    rig.at(2)
    assert not rig.sending.finished()
    for client in rig.clients.values():
        client.in_flight.clear()
    assert rig.sending.finished()
    assert not rig.sending.finished()
