from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.push_keys import Authority, authority

from .rig import AppleRig, GoogleRig, apple_rig, google_rig


@pytest.fixture(scope="session")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def apns(trusted: Authority) -> AsyncIterator[AppleRig]:
    async with apple_rig(trusted) as rig:
        yield rig


@pytest.fixture
async def fcm(trusted: Authority) -> AsyncIterator[GoogleRig]:
    async with google_rig(trusted) as rig:
        yield rig
