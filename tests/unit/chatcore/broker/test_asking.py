from __future__ import annotations

import asyncio

from chatcore.broker.asking import Asking
from chatcore.broker.wire import Answer


async def test_a_question_is_complete_when_all_reached_nodes_spoke() -> None:
    asking = Asking()
    asked = asking.start()
    waiting = asyncio.ensure_future(asked.complete(2))
    asking.hear(Answer(id=asked.id, text=b"a"))
    await asyncio.sleep(0)
    assert not waiting.done()
    asking.hear(Answer(id=asked.id, text=None))
    await waiting
    assert asked.answers == [b"a"]


async def test_answers_may_come_before_it_is_known_how_many_were_reached() -> None:
    asking = Asking()
    asked = asking.start()
    asking.hear(Answer(id=asked.id, text=b"a"))
    await asked.complete(1)
    assert asked.answers == [b"a"]


async def test_nobody_reached_is_complete_at_once() -> None:
    await Asking().start().complete(0)


def test_late_and_foreign_answers_are_dropped() -> None:
    asking = Asking()
    first, second = asking.start(), asking.start()
    asking.end(first)
    asking.hear(Answer(id=first.id, text=b"late"))
    asking.hear(Answer(id=99, text=b"foreign"))
    assert first.answers == second.answers == []
