"""Who is in which room, and who sends when."""

from __future__ import annotations

from itertools import islice

from bench.rig.plan import Mix, Plan


def _plan(**changes: object) -> Plan:
    whole: dict[str, object] = {
        "rooms": [Mix(size=2, count=5), Mix(size=4, count=2)],
        "clients": 7,
        "shares": {"json": 2, "protobuf": 1, "twilsock": 1},
        "processes": 2,
        "nodes": 2,
    }
    return Plan(**(whole | changes))  # type: ignore[arg-type]  # names and types are those above


def test_rooms_have_their_sizes_and_nobody_twice() -> None:
    assert [len(set(members)) for members in _plan().members] == [2] * 5 + [4] * 2


def test_seats_are_dealt_evenly() -> None:
    assert {len(rooms) for rooms in _plan().seats} <= {2, 3}


def test_seats_and_members_agree() -> None:
    plan = _plan()
    assert {(room, client) for room, members in enumerate(plan.members) for client in members} == {
        (room, client) for client, rooms in enumerate(plan.seats) for room in rooms
    }


def test_processes_share_all_clients() -> None:
    plan = _plan()
    assert sorted(plan.of_process(0) + plan.of_process(1)) == list(range(7))


def test_both_nodes_get_clients_of_both_processes() -> None:
    plan = _plan(clients=8)
    assert {(client % 2, plan.node(client)) for client in range(8)} == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_every_send_belongs_to_one_process() -> None:
    plan = _plan()
    sends = [send for process in (0, 1) for send in islice(plan.sends_of(process), 40)]
    numbers = sorted(number for number, _, _ in sends)
    assert numbers[:40] == list(range(40))
    assert all(plan.sender(number) == (room, client) for number, room, client in sends)


def test_rooms_take_turns_and_members_within_them() -> None:
    plan = _plan()
    sent = [plan.sender(number) for number in range(7 * 4)]
    for room, members in enumerate(plan.members):
        senders = [client for where, client in sent if where == room]
        assert len(senders) == 4
        assert set(senders) == set(members)


def test_protocols_are_mixed_and_not_in_blocks() -> None:
    protocols = _plan(clients=8).protocols
    assert sorted(protocols[:4]) == sorted(protocols[4:]) == ["json", "json", "protobuf", "twilsock"]
