from __future__ import annotations

import pytest

from chatcore.resp.address import Address
from chatcore.resp.slots import PARTITIONS
from chatcore.resp.topology import is_passing, majority, owners, redirection

ASKED = Address(host="one", port=7000, password="secret", tls=True)
TWO = Address(host="two", port=7001, password="secret", tls=True)


def test_masters_are_read_from_the_ranges_of_slots() -> None:
    answer = [
        [0, 8191, [b"one", 7000, b"id", []], [b"replica", 7002, b"id", []]],
        [8192, 16383, [b"two", 7001, b"id", [b"hostname", b"x"]]],
    ]
    assert owners(answer, ASKED) == [ASKED] * 128 + [TWO] * 128


@pytest.mark.parametrize("host", [None, b"", b"?"])
def test_a_server_that_does_not_know_its_name_is_reached_as_before(host: bytes | None) -> None:
    assert owners([[0, 16383, [host, 7001, b"id"]]], ASKED)[0] == Address(
        host="one", port=7001, password="secret", tls=True
    )


def test_slots_may_be_served_by_nobody() -> None:
    assert owners([], ASKED) == [None] * PARTITIONS
    assert owners([[100, 100, [b"two", 7001, b"id"]]], ASKED).count(TWO) <= 1


def test_an_answer_that_is_none_is_an_error() -> None:
    with pytest.raises(ConnectionError, match="one:7000"):
        owners(b"OK", ASKED)


def test_most_servers_are_right() -> None:
    here, there = [ASKED] * PARTITIONS, [TWO] * PARTITIONS
    assert majority([here]) == here
    assert majority([here, there, there]) == there
    assert majority([[ASKED, TWO], [TWO, TWO], [ASKED, None]]) == [ASKED, TWO]


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        ("MOVED 3999 two:7001", (False, TWO)),
        ("ASK 3999 two:7001", (True, TWO)),
        ("MOVED 3999 :7000", (False, ASKED)),
        ("MOVED 3999 ::1:7001", (False, Address(host="::1", port=7001, password="secret", tls=True))),
        ("CLUSTERDOWN The cluster is down", None),
    ],
)
def test_redirections(refusal: str, expected: tuple[bool, Address] | None) -> None:
    assert redirection(refusal, ASKED) == expected


def test_some_refusals_pass() -> None:
    assert is_passing("TRYAGAIN Multiple keys request during rehashing of slot")
    assert is_passing("MOVED 1 a:1")
    assert not is_passing("NOPERM this user has no permissions")
    assert not is_passing("CROSSSLOT Keys in request don't hash to the same slot")
