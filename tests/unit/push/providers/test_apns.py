from __future__ import annotations

import pytest

from push.providers.apns import PRODUCTION, SANDBOX, Apns, _authority


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (PRODUCTION, b"api.push.apple.com"),
        (SANDBOX, b"api.sandbox.push.apple.com"),
        ("https://localhost:443", b"localhost"),
        ("https://localhost:2197", b"localhost:2197"),
        ("https://[::1]:2197", b"[::1]:2197"),
    ],
)
def test_the_port_is_named_only_where_it_is_unusual(origin: str, authority: bytes) -> None:
    assert _authority(origin) == authority


async def test_a_setting_replaces_both_of_apples_hosts() -> None:
    assert Apns()._host(sandbox=False) == PRODUCTION
    assert Apns()._host(sandbox=True) == SANDBOX
    assert Apns(url="https://localhost:1")._host(sandbox=True) == "https://localhost:1"
