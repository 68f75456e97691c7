"""Each kind of fault once, while people write and read: nothing is lost, doubled, out of order or left undone."""

from __future__ import annotations

import pytest

from tests.support.wire import BOTH, Way

from . import menu
from .fleet import PUSH
from .ledger import Balance
from .menu import Fault
from .town import Town

pytestmark = pytest.mark.xdist_group("faults")

FROZEN = 6.0  # seconds: longer than a ping, its answer, and the clients' patience

FAULTS = [
    menu.killed(PUSH),
    menu.killed("gateway-1"),
    menu.killed("valkey"),
    menu.emptied(),
    menu.killed("postgres"),
    menu.frozen("gateway-2", FROZEN),
    menu.cut("clients→gateway-1", 1.0),
    menu.slow("gateway-1→postgres", 0.1, 1.5),
    menu.swallowed("gateway-1→valkey", BOTH, 2.5, late=True),
    menu.swallowed("gateway-2→postgres", BOTH, 2.0, late=False),
    menu.swallowed("gateway-2→valkey", [Way.BACK], 2.5, late=False),
    menu.swallowed("clients→gateway-2", [Way.THERE], 2.5, late=True),
    menu.swallowed(f"{PUSH}→postgres", [Way.BACK], 1.5, late=True),
    menu.cut(f"{PUSH}→valkey", 1.0),
    menu.clock_stepped("gateway-1", -25.0, 1.0),
    menu.clock_stepped(PUSH, 3600.0, 1.0),
    menu.database_clock_stepped(90.0),
    menu.disk_full(1.5),
    menu.file_limited(1.0),
    menu.epochs_renewed(),
    menu.storm(),
    menu.rolling_restart(),
]


def blame(place: Town, balance: Balance) -> str:
    return "\n".join([f"{balance}; logs are in {place.fleet.folder}", *balance.faults[:20]])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
async def test_nothing_is_lost_by(fault: Fault, place: Town) -> None:
    if fault.kind == "disk full" and not place.fleet.disk.mounted:
        fault = menu.file_limited(1.5)  # the harder case, and one that needs no right
    await fault.inject(place)
    await place.healed()
    balance = await place.balance()
    assert balance.even, blame(place, balance)


async def test_books_balance_in_the_end(place: Town) -> None:
    balance = await place.finish()
    assert balance.even, blame(place, balance)
    assert balance.acknowledged > 100
    owed = await place.outbox()
    assert not owed, owed[:20]
    assert len(place.outside.hooked) > 5
