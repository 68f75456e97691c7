"""Addresses that a webhook must not reach: whoever configures a URL is a stranger to the network this process is in.

The check is made on the address that is about to be connected to, for each connection, not on the host's name: a name
may mean one address when it is looked at and another when it is called.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

# IANA's registries of special addresses. Written out, because Python's own tables change with its patch releases.
_NOT_PUBLIC: Final = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # a cloud's metadata behind an address that looks public
    )
)  # fmt: skip
_PUBLIC_6: Final = IPv6Network("2000::/3")
_NOT_PUBLIC_6: Final = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
_NAT64: Final = IPv6Network("64:ff9b::/96")


class AddressRefusedError(OSError):
    """Not an address on the public internet."""


def is_public(text: str) -> bool:
    """Whether the address belongs to the public internet, seen through every way to write IPv4 as IPv6."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    inner = address if isinstance(address, IPv4Address) else _embedded(address)
    if inner is not None:
        return not any(inner in network for network in _NOT_PUBLIC)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """What a packet to the address would reach in the end."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def public_socket(found: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:  # Any: of the socket module
    """A socket for one result of getaddrinfo. Raises AddressRefusedError."""
    family, kind, protocol, _, address = found
    if not is_public(str(address[0])):
        raise AddressRefusedError(f"{address[0]} is not a public address")
    return socket.socket(family, kind, protocol)
