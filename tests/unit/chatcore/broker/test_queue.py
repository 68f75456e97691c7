from __future__ import annotations

from chatcore.broker.queue import PublishQueue


def test_all_that_waits_leaves_in_order_as_one() -> None:
    queue = PublishQueue(100)
    queue.add([b"1", b"2"])
    queue.add([b"3"])
    assert queue.take() == [b"1", b"2", b"3"]


def test_nothing_leaves_while_something_is_under_way() -> None:
    queue = PublishQueue(100)
    queue.add([b"1"])
    queue.take()
    queue.add([b"2"])
    assert queue.take() == []
    queue.delivered()
    assert queue.take() == [b"2"]
    assert queue
    queue.delivered()
    assert not queue


def test_what_failed_leaves_again_before_the_rest() -> None:
    queue = PublishQueue(100)
    queue.add([b"1", b"2"])
    queue.take()
    queue.add([b"3"])
    queue.failed()
    assert queue.take() == [b"1", b"2", b"3"]


def test_over_the_limit_the_oldest_are_dropped_and_counted() -> None:
    queue = PublishQueue(10)
    queue.add([b"aaaa", b"bbbb", b"cccc"])
    assert queue.dropped == 1
    assert queue.take() == [b"bbbb", b"cccc"]
    queue.add([b"dddd"])
    queue.failed()
    assert queue.dropped == 2
    assert queue.take() == [b"cccc", b"dddd"]


def test_the_limit_counts_anew_after_a_departure() -> None:
    queue = PublishQueue(4)
    for _ in range(3):
        queue.add([b"aaaa"])
        assert queue.take() == [b"aaaa"]
        queue.delivered()
    assert queue.dropped == 0
