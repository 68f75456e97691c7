"""The tables against the OpenAPI files that Twilio publishes, in the folder that CHAT_CONTRACT_DIR names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.reference.documents import DOCUMENTS

from .published import FILES, differences

DEVIATIONS = {
    ("form Type", "string private | string private, public"): "the only value that is not refused",
    ("form AutoCreation.WebhookMethod", "string GET, POST, get, post | string get, post"): "read in any case",
    ("form Configuration.Method", "string GET, POST, get, post | string get, post"): "read in any case",
    (
        "property conversation_state",
        "string active, closed, inactive, initializing | string active, closed, inactive",
    ): "a conversation may be initializing wherever its state is shown",
    (
        "property status",
        "string invited, joined, notParticipating | string invited, joined, not_participating",
    ): "the second version of IP Messaging spells it as the second version of Chat does",
    ("header X-Twilio-Webhook-Enabled", "string false, true | None"): "IP Messaging has the operations of Chat",
}
"""What differs on purpose, and why."""


@pytest.mark.parametrize("name", FILES)
def test_the_tables_say_what_was_published(name: str) -> None:
    found = differences(DOCUMENTS[name], Path(os.environ["CHAT_CONTRACT_DIR"]))
    assert [difference for difference in found if difference[1:] not in DEVIATIONS] == []
