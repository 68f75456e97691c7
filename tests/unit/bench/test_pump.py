"""Sends at fixed moments, over one connection to a peer in a thread."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from bench.load.pump import Pump

RATE = 100.0
HELD_UP = 3.5 / RATE


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """Its peer acknowledges every byte."""
    ours, theirs = socket.socketpair()

    def acknowledge() -> None:
        while data := theirs.recv(4096):
            theirs.sendall(b"+" * len(data))

    peer = threading.Thread(target=acknowledge)
    peer.start()
    with contextlib.closing(theirs):
        yield ours
        ours.close()
        peer.join()


def test_what_leaves_late_counts_from_when_it_was_due(connection: socket.socket) -> None:
    moments = []

    def request(place: int, number: int, moment: float) -> bytes:
        moments.append(moment)
        while number == 0 and time.monotonic() < moment + HELD_UP:
            pass
        return b"."

    with Pump([connection], request, ack=b"+", refusal=b"-") as pump:
        sent = pump.paced(6, RATE)
    due = [number / RATE for number in range(1, 4)]
    assert [moment - moments[1] for moment in moments[1:4]] == pytest.approx([moment - due[0] for moment in due])
    assert sent.acknowledged == 6
    assert sent.latencies[1] >= HELD_UP - 1 / RATE, "its wait for the one that was held up"
