"""Which operations tell webhook targets, where the request asks for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatcore.domain.webhooks import POST_EVENTS, Vocabulary
from chatcore.store.postgres import PostgresStore

from .rig import Conversations

GUEST = {"MessagingBinding.Address": "+15558675310"}
TRIP = "Conversations/trip"

CASES: list[tuple[str, str, dict[str, str], list[str]]] = [
    ("POST", "Conversations", {}, ["onConversationAdded"]),
    ("POST", TRIP, {"FriendlyName": "x"}, ["onConversationUpdated"]),
    ("POST", TRIP, {"State": "closed"}, ["onConversationUpdated", "onConversationStateUpdated"]),
    ("DELETE", TRIP, {}, ["onConversationRemoved"]),
    (
        "POST",
        "ConversationWithParticipants",
        {"Participant": json.dumps({"identity": "ann"})},
        ["onConversationAdded", "onParticipantAdded"],
    ),
    ("POST", f"{TRIP}/Messages", {"Body": "x"}, ["onMessageAdded"]),
    ("POST", f"{TRIP}/Messages/$message", {"Body": "y"}, ["onMessageUpdated"]),
    ("DELETE", f"{TRIP}/Messages/$message", {}, ["onMessageRemoved"]),
    ("POST", f"{TRIP}/Participants", {"Identity": "bob"}, ["onUserAdded", "onParticipantAdded"]),
    ("POST", f"{TRIP}/Participants", GUEST, ["onParticipantAdded"]),
    ("POST", f"{TRIP}/Participants/ann", {"Attributes": "[]"}, ["onParticipantUpdated"]),
    ("POST", f"{TRIP}/Participants/ann", {"LastReadMessageIndex": "0"}, ["onParticipantUpdated"]),
    (
        "POST",
        f"{TRIP}/Participants/ann",
        {"Identity": "bob"},
        ["onUserAdded", "onParticipantRemoved", "onParticipantAdded"],
    ),
    ("POST", f"{TRIP}/Participants/$guest", {"Attributes": "[]"}, ["onParticipantUpdated"]),
    ("DELETE", f"{TRIP}/Participants/ann", {}, ["onParticipantRemoved"]),
    ("DELETE", f"{TRIP}/Participants/$guest", {}, ["onParticipantRemoved"]),
    ("POST", f"{TRIP}/Webhooks", {"Target": "studio", "Configuration.FlowSid": "FW" + "0" * 32}, []),
]


class Listener:
    """The account-wide target, and what it is going to be told."""

    def __init__(self, conversations: Conversations, store: PostgresStore) -> None:
        self._conversations = conversations
        self._store = store

    async def start(self) -> None:
        names = sorted(POST_EVENTS[Vocabulary.CONVERSATIONS])
        values = {"Filters": names, "PostWebhookUrl": "https://example.org/"}
        await self._conversations.update("/v1/Configuration/Webhooks", values)

    async def heard(self) -> list[str]:
        query = "SELECT job FROM outbox WHERE service_sid = $1 AND kind = 'webhook' ORDER BY id"
        jobs: list[dict[str, Any]] = [r["job"] for r in await self._store.pool.fetch(query, self._sid)]  # Any: JSON
        assert all((job["target"], job["source"]) == ("account", "API") for job in jobs)
        return [job["event"] for job in jobs]

    @property
    def _sid(self) -> str:
        return self._conversations.service_sid


@pytest.mark.parametrize("header", ["true", "True", "false", None])
@pytest.mark.parametrize(("method", "path", "values", "events"), CASES)
async def test_targets_hear_of_it_where_the_request_says_so(
    conversations: Conversations,
    store: PostgresStore,
    method: str,
    path: str,
    values: dict[str, str],
    events: list[str],
    header: str | None,
) -> None:
    listener = Listener(conversations, store)
    await listener.start()  # before the first message: a node knows its services for a second
    await conversations.create("Conversations", UniqueName="trip")
    await conversations.create(f"{TRIP}/Participants", Identity="ann")
    guest = await conversations.create(f"{TRIP}/Participants", {"MessagingBinding.Address": "+15551234567"})
    message = await conversations.create(f"{TRIP}/Messages", Body="x")
    path = path.replace("$message", message["sid"]).replace("$guest", guest["sid"])
    headers = {} if header is None else {"X-Twilio-Webhook-Enabled": header}
    response = await conversations.http.request(
        method, conversations.path(path), data=values if method == "POST" else None, headers=headers
    )
    assert response.is_success, response.text
    assert await listener.heard() == (events if header in ("true", "True") else [])
