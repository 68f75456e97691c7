"""What HTTP clients do to a node."""

from __future__ import annotations

from .attacks import requests, slow
from .neighbours import neighbours
from .node import Node


async def test_who_is_slow_to_say_what_he_wants_is_not_waited_for(node: Node) -> None:
    async with neighbours(node):
        await slow.handshakes(node, 10)


async def test_who_goes_in_the_middle_of_a_body_leaves_nothing(node: Node) -> None:
    async with neighbours(node):
        await slow.vanish(node, 60)


async def test_requests_of_two_meanings_are_refused_and_end_the_connection(node: Node) -> None:
    async with neighbours(node):
        await requests.smuggle(node)


async def test_too_much_of_anything_is_refused(node: Node) -> None:
    async with neighbours(node):
        await requests.overdo(node)


async def test_a_thousand_requests_at_once_are_answered_in_turn(node: Node) -> None:
    async with neighbours(node):
        await requests.pipeline(node, 1000)
