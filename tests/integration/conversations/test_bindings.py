from __future__ import annotations

from dataclasses import dataclass

import pytest
import pytest_asyncio

from chatcore.commands.devices import DeviceDraft
from chatcore.domain.devices import Binding
from chatcore.domain.ids import Identity
from chatcore.domain.model import Actor
from tests.integration.rest.rig import Rig

from .rig import HOST, Conversations

TYPES = ("twilio.conversations.new_message", "twilio.conversations.added_to_conversation")


@dataclass(frozen=True, slots=True)
class Clients:
    """Registers devices, as connected clients do."""

    rig: Rig
    conversations: Conversations
    credential_sid: str

    async def register(self, identity: str, device: str, types: tuple[str, ...] | None = TYPES) -> Binding:
        account = self.conversations.account
        actor = Actor(account_sid=account.sid, service_sid=account.service_sid, identity=Identity(identity))
        user = await self.rig.chat.users.connected(actor, Identity(identity), None)
        draft = DeviceDraft(
            type="fcm",
            address=f"token-of-the-device-{account.sid}-{device}",
            endpoint=device,
            credential_sid=self.credential_sid,
            message_types=types,
        )
        client = Actor(
            account_sid=actor.account_sid, service_sid=actor.service_sid, identity=user.identity, user_sid=user.sid
        )
        return await self.rig.chat.devices.register(client, draft)


@pytest.fixture
def service(conversations: Conversations) -> Conversations:
    return conversations.in_service()


@pytest_asyncio.fixture(loop_scope="package")
async def clients(rig: Rig, conversations: Conversations) -> Clients:
    credential = await conversations.create("Credentials", Type="fcm", Secret="a legacy server key")
    return Clients(rig, conversations, credential["sid"])


async def test_a_binding_has_every_property(service: Conversations, clients: Clients) -> None:
    made = await clients.register("ann", "phone")
    binding = await service.get(f"Bindings/{made.sid}")
    assert binding == {
        "sid": made.sid,
        "account_sid": service.account.sid,
        "chat_service_sid": service.service_sid,
        "credential_sid": clients.credential_sid,
        "date_created": binding["date_created"],
        "date_updated": binding["date_created"],
        "endpoint": "phone",
        "identity": "ann",
        "binding_type": "fcm",
        "message_types": ["new_message", "added_to_conversation"],
        "url": f"{HOST}/v1/Services/{service.service_sid}/Bindings/{made.sid}",
    }
    page = await service.get("Bindings")
    assert (page["meta"]["key"], page["bindings"]) == ("bindings", [binding])


async def test_message_types_of_chat_are_translated(service: Conversations, clients: Clients) -> None:
    made = await clients.register("ann", "phone", None)
    shown = (await service.get(f"Bindings/{made.sid}"))["message_types"]
    assert sorted(shown) == ["added_to_conversation", "new_message", "removed_from_conversation"]


async def test_lists_can_be_of_types_and_identities(service: Conversations, clients: Clients) -> None:
    made = [(await clients.register(name, f"{number}")).sid for number, name in enumerate(("ann", "bob", "a b"))]

    async def listed(**params: str | list[str]) -> list[str]:
        first = await service.get("Bindings", PageSize="1", **params)
        return [binding["sid"] for binding in await service.follow(first, "bindings")]

    assert await listed() == made
    assert await listed(BindingType=["apn", "fcm"]) == made
    assert await listed(BindingType="apn") == await listed(BindingType="twilsock") == []
    assert await listed(Identity=["bob", "a b"]) == made[1:]
    assert await listed(Identity="nobody") == []
    assert await service.refused("GET", "Bindings", BindingType="pigeon") == (400, 50209)
    assert (await service.get("Bindings", PageSize="1000"))["meta"]["page_size"] == 100


async def test_a_deleted_binding_is_gone(service: Conversations, clients: Clients) -> None:
    made = await clients.register("ann", "phone")
    await service.delete(f"Bindings/{made.sid}")
    for method in ("GET", "DELETE"):
        assert await service.refused(method, f"Bindings/{made.sid}") == (404, 20404)
    assert await service.refused("POST", f"Bindings/{made.sid}") == (405, 20004)


async def test_bindings_exist_in_their_service_alone(
    service: Conversations, clients: Clients, stranger: Conversations
) -> None:
    made = await clients.register("ann", "phone")
    other = await service.create("/v1/Services", FriendlyName="Other")
    assert await service.refused("GET", f"/v1/Services/{other['sid']}/Bindings/{made.sid}") == (404, 20404)
    assert await stranger.in_service().refused("GET", f"Bindings/{made.sid}") == (404, 20404)
    assert await service.refused("GET", "/v1/Bindings") == (404, 20404)


async def test_who_has_a_device_is_notifiable(service: Conversations, clients: Clients) -> None:
    made = await clients.register("ann", "phone")
    assert (await service.get("Users/ann"))["is_notifiable"] is None
    await service.update("Configuration", ReachabilityEnabled="true")
    assert (await service.get("Users/ann"))["is_notifiable"] is True
    assert (await service.get("Users"))["users"][0]["is_notifiable"] is None
    await service.delete(f"Bindings/{made.sid}")
    assert (await service.get("Users/ann"))["is_notifiable"] is False
    assert (await service.create("Users", Identity="bob"))["is_notifiable"] is None
