from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from chatcore.domain.ids import Identity, RoleSid, ServiceSid, UserSid
from chatcore.domain.model import Position, User
from gateway.rest.reachability import Reachability

from .conversations.samples import NOW, SERVICE, a_service

ANN = User(
    sid=UserSid("US" + "1" * 32),
    service_sid=SERVICE,
    identity=Identity("ann"),
    friendly_name=None,
    attributes="{}",
    role_sid=RoleSid("RL" + "1" * 32),
    joined_channels_count=0,
    date_created=NOW,
    date_updated=NOW,
    rev=0,
    info_position=1,
    stream=Position(offset=0, epoch="e"),
)
ASKING = replace(a_service(), reachability_enabled=True)


async def online(service_sid: ServiceSid, identities: list[Identity]) -> Mapping[Identity, bool | None]:
    return dict.fromkeys(identities, True)


async def away(service_sid: ServiceSid, identities: list[Identity]) -> Mapping[Identity, bool | None]:
    raise ConnectionError("no presence")


async def nobody(service_sid: ServiceSid, identities: list[Identity]) -> Mapping[Identity, bool | None]:
    return {}


async def test_services_with_reachability_are_told_who_is_online() -> None:
    assert await Reachability(online).is_online(ASKING, ANN) is True
    assert await Reachability(nobody).is_online(ASKING, ANN) is None
    assert await Reachability(online).is_online(a_service(), ANN) is None
    assert await Reachability(None).is_online(ASKING, ANN) is None


async def test_what_cannot_be_told_is_unknown(caplog: pytest.LogCaptureFixture) -> None:
    assert await Reachability(away).is_online(ASKING, ANN) is None
    assert "Reachability is unknown" in caplog.text
