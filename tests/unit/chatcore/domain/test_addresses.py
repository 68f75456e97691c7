"""Addresses of participants without identity."""

from __future__ import annotations

from typing import Any

import pytest

from chatcore.domain import addresses
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.guests import MessagingBinding

OWN = "+15550009999"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("+15558675310", "sms"),
        ("+12", "sms"),
        ("+123456789012345", "sms"),
        ("whatsapp:+15558675310", "whatsapp"),
        ("messenger:1234567890", "messenger"),
        ("anna@example.org", "email"),
        ("a@b", "email"),
    ],
)
def test_the_kind_follows_from_the_address(address: str, kind: str) -> None:
    assert addresses.binding(address) == MessagingBinding(type=kind, address=address)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("+15558675310", OWN),
        ("+15558675310", "12345"),
        ("whatsapp:+15558675310", f"whatsapp:{OWN}"),
        ("messenger:12", "messenger:page"),
        ("anna@example.org", "desk@example.org"),
    ],
)
def test_a_pair_is_of_one_kind(address: str, own: str) -> None:
    assert addresses.binding(address, proxy_address=own).proxy_address == own


REFUSED: list[tuple[dict[str, Any], Code]] = [  # Any: arguments
    ({"address": ""}, Code.GUEST_ADDRESS_EMPTY),
    ({"address": "5558675310"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "+05558675310"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "+1"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "+1234567890123456"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "+15558675310\n"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "+1555867531٠"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "12345"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "whatsapp:15558675310"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "whatsapp:"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "messenger:"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "messenger:a b"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "a@b@c"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "@b"}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "a@" + "b" * 253}, Code.GUEST_ADDRESS_INVALID),
    ({"address": "+1555867531\x00"}, Code.INVALID_PARAMETER),
    ({"address": "+15558675310", "proxy_address": ""}, Code.GUEST_PROXY_EMPTY),
    ({"address": "+15558675310", "proxy_address": "12"}, Code.GUEST_PROXY_INVALID),
    ({"address": "+15558675310", "proxy_address": "shop"}, Code.GUEST_PROXY_INVALID),
    ({"address": "+15558675310", "proxy_address": f"whatsapp:{OWN}"}, Code.GUEST_TYPES_DIFFER),
    ({"address": "whatsapp:+15558675310", "proxy_address": OWN}, Code.GUEST_TYPES_DIFFER),
    ({"address": "+15558675310", "proxy_address": "+15558675310"}, Code.GUEST_ADDRESSES_EQUAL),
    ({"address": "+15558675310", "projected_address": "+15558675310"}, Code.GUEST_ADDRESSES_EQUAL),
    ({"address": "whatsapp:+15558675310", "projected_address": OWN}, Code.GUEST_PARAMETER_UNSUPPORTED),
    ({"address": "anna@example.org", "projected_address": OWN}, Code.GUEST_PARAMETER_UNSUPPORTED),
    ({"address": "+15558675310", "projected_address": "shop"}, Code.GUEST_PROXY_INVALID),
    ({"address": "+15558675310", "name": "x" * 257}, Code.INVALID_PARAMETER),
    ({"address": "+15558675310", "level": "x" * 257}, Code.INVALID_PARAMETER),
]


@pytest.mark.parametrize(("arguments", "code"), REFUSED)
def test_each_rule(arguments: dict[str, Any], code: Code) -> None:
    with pytest.raises(ChatError) as caught:
        addresses.binding(**arguments)
    assert caught.value.code is code


def test_a_guest_may_be_reached_from_elsewhere() -> None:
    held = addresses.binding("+15558675310", proxy_address=OWN, name="Anna")
    moved = addresses.moved(held, proxy_address=None, projected_address="+15550001111")
    assert moved == MessagingBinding(type="sms", address="+15558675310", projected_address="+15550001111", name="Anna")
