"""Addresses of participants without identity: what kind they are, and which pairs of them can talk to each other.

The kind follows from the text: `whatsapp:+15558675310`, `messenger:1234`, `anna@example.org`; everything else has to
be a telephone number in E.164, or a short code where it is the service's own side.
"""

from __future__ import annotations

import re
from dataclasses import replace

from .errors import ChatError, Code
from .guests import MessagingBinding
from .limits import NAME_CHARS, clean

SMS, WHATSAPP, MESSENGER, EMAIL = "sms", "whatsapp", "messenger", "email"

_NUMBER = r"\+[1-9][0-9]{1,14}"
_SHAPES = {
    SMS: re.compile(_NUMBER),
    WHATSAPP: re.compile(rf"whatsapp:{_NUMBER}"),
    MESSENGER: re.compile(r"messenger:[A-Za-z0-9_.-]{1,128}"),
    EMAIL: re.compile(r"(?=.{3,254}$)[^@\s]+@[^@\s]+"),
}
_SHORT_CODE = re.compile(r"[0-9]{3,8}")


def kind_of(address: str) -> str:
    if address.startswith("whatsapp:"):
        return WHATSAPP
    if address.startswith("messenger:"):
        return MESSENGER
    return EMAIL if "@" in address else SMS


def binding(
    address: str,
    *,
    proxy_address: str | None = None,
    projected_address: str | None = None,
    name: str | None = None,
    level: str | None = None,
) -> MessagingBinding:
    """How a new guest is reached: at `address`, from the service's own `proxy_address`."""
    if not address:
        raise ChatError(Code.GUEST_ADDRESS_EMPTY, "The address of a participant must not be empty")
    kind = kind_of(address)
    if not _SHAPES[kind].fullmatch(clean("Address", address)):
        raise ChatError(Code.GUEST_ADDRESS_INVALID, f"{address} is not an address that a participant may have")
    for field, text in (("name", name), ("level", level)):
        if text is not None and len(clean(field, text)) > NAME_CHARS:
            raise ChatError(Code.INVALID_PARAMETER, f"{field} is longer than {NAME_CHARS} characters")
    made = MessagingBinding(type=kind, address=address, name=name, level=level)
    return moved(made, proxy_address=proxy_address, projected_address=projected_address)


def moved(held: MessagingBinding, *, proxy_address: str | None, projected_address: str | None) -> MessagingBinding:
    """The same guest, reached from other addresses of the service."""
    if proxy_address is not None:
        _check_own(held, proxy_address)
    if projected_address is not None:
        if held.type != SMS:
            raise ChatError(
                Code.GUEST_PARAMETER_UNSUPPORTED, f"A participant of the type {held.type} has no projected address"
            )
        _check_own(held, projected_address)
    return replace(held, proxy_address=proxy_address, projected_address=projected_address)


def _check_own(held: MessagingBinding, address: str) -> None:
    """An address of the service's side."""
    if not address:
        raise ChatError(Code.GUEST_PROXY_EMPTY, "The proxy address of a participant must not be empty")
    kind = kind_of(address)
    valid = _SHAPES[kind].fullmatch(clean("ProxyAddress", address)) or (kind == SMS and _SHORT_CODE.fullmatch(address))
    if not valid:
        raise ChatError(Code.GUEST_PROXY_INVALID, f"{address} is not an address that a service may have")
    if kind != held.type:
        raise ChatError(Code.GUEST_TYPES_DIFFER, f"{held.address} cannot be reached from {address}")
    if address == held.address:
        raise ChatError(Code.GUEST_ADDRESSES_EQUAL, "A participant cannot be reached from its own address")
