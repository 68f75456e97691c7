from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from chatcore.domain.devices import PushType
from chatcore.domain.ids import BindingSid, CredentialSid, Identity, UserSid
from chatcore.domain.webhooks import Vocabulary
from chatcore.ports.pushes import Recipient
from push import waiting
from push.providers.port import Delivery

from .test_render import happening

PUSH = waiting.of_event(
    happening(),
    Recipient(
        binding_sid=BindingSid("BS1"),
        kind=PushType.APN,
        address="ab" * 32,
        credential_sid=CredentialSid("CR1"),
        user_sid=UserSid("US1"),
        identity=Identity("zoë 🎉"),
        vocabulary=Vocabulary.CONVERSATIONS,
    ),
    Delivery(
        push_id="0" * 32,
        kind=PushType.APN,
        address="ab" * 32,
        payload={"aps": {"alert": {"body": "hi"}}},
        expires_at=datetime(2026, 5, 18, tzinfo=UTC),
        collapse_id="IM1",
    ),
    needs_member=True,
    logged=False,
)


def test_what_waits_is_read_as_it_was_written() -> None:
    assert waiting.read(json.loads(json.dumps(waiting.written(PUSH)))) == PUSH


@pytest.mark.parametrize("name", sorted(set(waiting.written(PUSH)) - {"message_index"}))
def test_a_row_without_a_member_cannot_be_read(name: str) -> None:
    row = waiting.written(PUSH)
    del row[name]
    with pytest.raises(KeyError):
        waiting.read(row)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("payload", "text"),
        ("address", 5),
        ("attempts", "1"),
        ("message_index", "0"),
        ("expires_at", "2026-05-18T00:00:00"),
        ("expires_at", 7),
        ("kind", "pager"),
        ("vocabulary", "latin"),
    ],
)
def test_a_row_of_wrong_types_cannot_be_read(name: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        waiting.read({**waiting.written(PUSH), name: value})
