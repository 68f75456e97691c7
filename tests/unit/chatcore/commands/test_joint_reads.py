from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from chatcore.commands.joint_reads import KEYS, WAYS, JointReads
from chatcore.domain.errors import ChatError
from tests.support.virtual_time import settled


class Table:
    """Every key has the number of the statement that read it; statements end when told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, int]] = []
        self.gates: list[asyncio.Event] = []
        self.broken = False

    async def read(self, wanted: Mapping[str, int]) -> Mapping[str, int]:
        number = len(self.asked)
        self.asked.append(dict(wanted))
        self.gates.append(asyncio.Event())
        await self.gates[number].wait()
        if self.broken:
            raise LookupError("broken")
        return dict.fromkeys(wanted, number)


@pytest.fixture
def table() -> Table:
    return Table()


async def busy(table: Table, reads: JointReads[str, int, int]) -> list[asyncio.Task[Mapping[str, int]]]:
    """Every way is taken."""
    tasks = [asyncio.create_task(reads.get({f"early {way}": 0})) for way in range(WAYS)]
    await settled()
    assert len(table.asked) == WAYS
    return tasks


async def end(table: Table, *tasks: asyncio.Task[Mapping[str, int]]) -> None:
    for gate in table.gates:
        gate.set()
    while any(not task.done() for task in tasks):
        await settled()
        for gate in table.gates:
            gate.set()


async def test_a_lone_read_goes_at_once(table: Table) -> None:
    reads = JointReads(table.read)
    task = asyncio.create_task(reads.get({"a": 7}))
    await settled()
    assert table.asked == [{"a": 7}]
    await end(table, task)
    assert await task == {"a": 0}


async def test_who_comes_meanwhile_shares_the_next_statement_and_not_the_one_under_way(table: Table) -> None:
    reads = JointReads(table.read)
    early = await busy(table, reads)
    late = [asyncio.create_task(reads.get({"early 0": 0, f"own {n}": n})) for n in range(5)]
    await settled()
    assert len(table.asked) == WAYS
    table.gates[0].set()
    await settled()
    assert table.asked[WAYS:] == [{"early 0": 0, **{f"own {n}": n for n in range(5)}}]
    await end(table, *early, *late)
    assert [(await task)["early 0"] for task in late] == [WAYS] * 5
    assert (await early[0])["early 0"] == 0
    assert reads._reading == 0


async def test_another_position_of_the_same_key_is_read_alone(table: Table) -> None:
    reads = JointReads(table.read)
    early = await busy(table, reads)
    late = [asyncio.create_task(reads.get({"a": n})) for n in (1, 2)]
    await settled()
    assert table.asked[WAYS:] == [{"a": 2}]
    await end(table, *early, *late)
    assert table.asked[WAYS + 1 :] == [{"a": 1}]


async def test_a_statement_does_not_grow_for_ever(table: Table) -> None:
    reads = JointReads(table.read)
    early = await busy(table, reads)
    late = [asyncio.create_task(reads.get({f"{n}": 0})) for n in range(KEYS + 1)]
    await settled()
    assert table.asked[WAYS:] == [{f"{KEYS}": 0}]
    await end(table, *early, *late)


async def test_a_failure_reaches_all_who_share_it_and_nobody_else(table: Table) -> None:
    reads = JointReads(table.read)
    early = await busy(table, reads)
    late = [asyncio.create_task(reads.get({"a": 0})) for _ in range(3)]
    await settled()
    for gate in list(table.gates):
        gate.set()
    await settled()
    assert [await task for task in early]
    table.broken = True
    await end(table, *late)
    assert all(isinstance(task.exception(), LookupError) for task in late)
    assert reads._reading == 0


async def test_when_the_first_who_waits_is_cancelled_the_others_are_told(table: Table) -> None:
    reads = JointReads(table.read)
    early = await busy(table, reads)
    first, second = (asyncio.create_task(reads.get({"a": 0})) for _ in range(2))
    await settled()
    first.cancel()
    await settled()
    assert isinstance(second.exception(), ChatError)
    third = asyncio.create_task(reads.get({"a": 0}))
    await end(table, *early, third)
    assert await third
    assert reads._reading == 0


async def test_one_that_hangs_does_not_hold_up_the_others(table: Table) -> None:
    reads = JointReads(table.read)
    early = await busy(table, reads)
    for number in range(1, 6):
        late = asyncio.create_task(reads.get({"a": number}))
        await settled()
        table.gates[-1].set()  # never the first
        await settled()
        table.gates[-1].set()
        assert await late
    await end(table, *early)
