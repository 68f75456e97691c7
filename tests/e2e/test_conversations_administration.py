"""Accounts, services, roles and users of Conversations through the official Python library."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from uuid import uuid4

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client
from twilio.rest.conversations.v1 import V1

from .people import People
from .tokens import ACCOUNT, AUTH_TOKEN, SERVICE


@pytest.fixture
def library(people: People) -> Iterator[V1]:
    http = TwilioHttpClient()
    client = Client(ACCOUNT, AUTH_TOKEN, http_client=http)
    client.conversations.base_url = people.node(0) + "/conversations"
    yield client.conversations.v1
    if http.session is not None:
        http.session.close()


async def test_the_account_is_configured(library: V1) -> None:
    def story() -> None:
        held = library.configuration().fetch()
        assert (held.account_sid, held.default_chat_service_sid) == (ACCOUNT, SERVICE)
        assert library.configuration().update().default_messaging_service_sid == held.default_messaging_service_sid
        webhooks = library.configuration.webhooks()
        changed = webhooks.update(method="GET", filters=["onMessageAdded"], post_webhook_url="https://example.com/")
        assert (changed.method, changed.filters, changed.target) == ("GET", ["onMessageAdded"], "webhook")
        assert webhooks.update(method="POST", filters=[""], post_webhook_url="").filters == []
        address = library.address_configurations.create(
            type="sms",
            address=f"+1555{uuid4().int % 10**7:07}",
            auto_creation_type="studio",
            auto_creation_studio_flow_sid="FW" + "0" * 32,
        )
        assert address.auto_creation["studio_flow_sid"] == "FW" + "0" * 32
        assert isinstance(address.date_created, datetime)
        found = library.address_configurations(address.sid).update(friendly_name="Support")
        assert found.friendly_name == "Support"
        assert address.sid in [entry.sid for entry in library.address_configurations.list(type="sms")]
        assert library.address_configurations(address.sid).delete() is True

    await asyncio.to_thread(story)


async def test_a_service_is_set_up(library: V1) -> None:
    def story() -> None:
        made = library.services.create(friendly_name="Clinic")
        service = library.services(made.sid)
        assert made.links["configuration"].endswith(f"/conversations/v1/Services/{made.sid}/Configuration")
        role = service.roles.create("guide", "conversation", ["sendMessage", "addParticipant"])
        assert (role.type, role.permissions) == ("conversation", ["sendMessage", "addParticipant"])
        configuration = service.configuration().update(
            default_conversation_role_sid=role.sid, reachability_enabled=True
        )
        assert (configuration.default_conversation_role_sid, configuration.reachability_enabled) == (role.sid, True)
        told = service.configuration.notifications().update(
            new_message_enabled=True, new_message_template="${MESSAGE}", new_message_with_media_enabled=True
        )
        assert told.new_message == {"enabled": True, "template": "${MESSAGE}", "with_media": {"enabled": True}}
        webhooks = service.configuration.webhooks().update(filters=["onConversationAdded"], method="post")
        assert (webhooks.filters, webhooks.method) == (["onConversationAdded"], "POST")
        with pytest.raises(TwilioRestException) as refused:
            service.configuration().update(default_conversation_role_sid="RL" + "0" * 32)
        assert (refused.value.status, refused.value.code) == (404, 50109)
        people = [service.users.create(f"{n}@example.com").identity for n in range(60)]
        assert [user.identity for user in service.users.list()] == people
        assert service.users("7@example.com").update(friendly_name="Seven").friendly_name == "Seven"
        assert service.users("7@example.com").user_conversations.list() == []
        assert service.users("7@example.com").delete() is True
        assert service.delete() is True

    await asyncio.to_thread(story)


async def test_users_and_roles_of_the_default_service(library: V1) -> None:
    def story() -> None:
        user = library.users.create(f"ann {uuid4()}", attributes='{"a": 1}', x_twilio_webhook_enabled="true")
        assert (user.chat_service_sid, user.attributes) == (SERVICE, '{"a": 1}')
        assert library.users(user.sid).fetch().identity == user.identity
        names = {role.friendly_name: role for role in library.roles.list()}
        assert names["channel user"].type == "conversation"
        assert library.users(user.sid).delete() is True

    await asyncio.to_thread(story)
