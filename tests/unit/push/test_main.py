from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatcore import config
from chatcore.domain.devices import PushType
from push.main import _sending
from push.providers.outcomes import Sent

from .providers.test_sending import CREDENTIAL, delivery


async def test_a_setting_has_pushes_written_in_place_of_being_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "pushes.jsonl"
    settings, _ = config.load({"CHAT_PUSH_RECORD": str(file)})
    nobody: Any = None  # what it needs in order to send
    sending = _sending(settings, nobody, nobody, nobody)
    for kind in PushType:
        own = type(CREDENTIAL)(sid=CREDENTIAL.sid, kind=kind, sandbox=False, secrets=CREDENTIAL.secrets)
        assert isinstance(await sending.send(delivery(kind, kind), own), Sent)
    await sending.aclose()
    assert len(file.read_text().splitlines()) == len(PushType)
    assert "not sent" in caplog.text
