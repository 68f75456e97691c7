"""Objects that no call of the API makes: devices register through clients, receipts come from a messaging gateway."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from chatcore.store.postgres import PostgresStore


async def plant_binding(store: PostgresStore, user: dict[str, Any], credential_sid: str) -> str:
    """A device of a user, as REST shows users. Returns its SID."""
    service_sid = user.get("service_sid") or user["chat_service_sid"]
    sid, device = f"BS{uuid4().hex}", uuid4().hex
    await store.pool.execute(
        """
        INSERT INTO bindings (sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid,
                              message_types, vocabulary, registered_at, date_created, date_updated)
        VALUES ($1, $2, $3, $4, 'fcm', $5, $5, $6, '{new_message}', 'chat', now(), now(), now())
        """,
        sid,
        service_sid,
        user["sid"],
        user["identity"],
        device,
        credential_sid,
    )
    return sid


async def plant_receipt(store: PostgresStore, service_sid: str, message: dict[str, Any], participant_sid: str) -> str:
    """What became of a message at a participant without identity. Returns its SID."""
    sid = f"DY{uuid4().hex}"
    await store.pool.execute(
        """
        INSERT INTO delivery_receipts (sid, service_sid, channel_sid, message_sid, participant_sid, status,
                                       date_created, date_updated)
        VALUES ($1, $2, $3, $4, $5, 'delivered', now(), now())
        """,
        sid,
        service_sid,
        message["conversation_sid"],
        message["sid"],
        participant_sid,
    )
    return sid
