"""The official server library for Python, unmodified, against both nodes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.support.cluster import Cluster

from .tokens import ACCOUNT, AUTH_TOKEN, KEY, SECRET, SERVICE

CREDENTIALS = {"auth token": (ACCOUNT, AUTH_TOKEN, None), "API key": (KEY, SECRET, ACCOUNT)}


@pytest.fixture(params=CREDENTIALS)
def chat(request: pytest.FixtureRequest, shared_cluster: Cluster) -> Iterator[Any]:  # Any: the library is not typed
    """Chat v2; each kind of credentials comes by another node, one of them below a prefix."""
    user, password, account = CREDENTIALS[request.param]
    http = TwilioHttpClient()
    client = Client(user, password, account, http_client=http)
    bases = {"auth token": shared_cluster.nodes[0].url, "API key": f"{shared_cluster.nodes[1].url}/chat"}
    client.chat.base_url = bases[request.param]
    try:
        yield client.chat.v2
    finally:
        if http.session is not None:
            http.session.close()


@pytest.fixture
def service(chat: Any) -> Iterator[Any]:  # Any: the library is not typed
    """A service of the test's own."""
    made = chat.services.create(friendly_name=f"test {secrets.token_hex(4)}")
    try:
        yield chat.services(made.sid)
    finally:
        assert chat.services(made.sid).delete() is True


def refused(error: pytest.ExceptionInfo[TwilioRestException]) -> tuple[int, int]:
    return error.value.status, error.value.code


def test_services(chat: Any) -> None:
    made = chat.services.create(friendly_name="Shop")
    assert isinstance(made.date_created, datetime)
    changed = chat.services(made.sid).update(
        friendly_name="Shop 2",
        reachability_enabled=True,
        limits_channel_members=7,
        webhook_filters=["onMessageSent", "onUserAdded"],
        notifications_new_message_enabled=True,
    )
    assert changed.limits == {"channel_members": 7, "user_channels": 250}
    assert changed.webhook_filters == ["onMessageSent", "onUserAdded"]
    assert changed.notifications["new_message"]["enabled"] is True
    assert chat.services(made.sid).fetch().friendly_name == "Shop 2"
    assert {SERVICE, made.sid} <= {service.sid for service in chat.services.list()}
    assert chat.services(made.sid).delete() is True
    with pytest.raises(TwilioRestException) as error:
        chat.services(made.sid).fetch()
    assert refused(error) == (404, 20404)
    assert f"/Services/{made.sid} was not found" in error.value.msg


def test_roles(service: Any) -> None:
    role = service.roles.create(friendly_name="helper", type="channel", permission=["sendMessage", "leaveChannel"])
    assert role.permissions == ["sendMessage", "leaveChannel"]
    assert service.roles(role.sid).update(permission=["addMember"]).permissions == ["addMember"]
    assert len(service.roles.list()) == 5
    assert service.roles(role.sid).delete() is True


def test_users(service: Any) -> None:
    user = service.users.create(identity="ann+1@example.org", friendly_name="Ann", attributes='{ "a": 1 }')
    assert service.users("ann+1@example.org").fetch().sid == user.sid
    assert service.users(user.sid).update(friendly_name="").friendly_name is None
    assert user.attributes == '{ "a": 1 }'
    assert [u.identity for u in service.users.list()] == ["ann+1@example.org"]
    with pytest.raises(TwilioRestException) as error:
        service.users.create(identity="ann+1@example.org")
    assert refused(error) == (409, 50201)
    assert user.delete() is True


def test_channels_and_members(service: Any) -> None:
    moment = datetime(2015, 7, 30, 20, tzinfo=UTC)
    channel = service.channels.create(unique_name="général", type="private", date_created=moment, created_by="bob")
    assert channel.date_created == moment
    here = service.channels("général")
    assert here.fetch().sid == channel.sid
    assert [c.sid for c in service.channels.list(type=["private"])] == [channel.sid]
    assert service.channels.list(type=["public"]) == []
    member = here.members.create(identity="bob")
    assert member.role_sid == service.fetch().default_channel_creator_role_sid
    here.messages.create(body="one")
    assert here.members("bob").update(last_consumed_message_index=0).last_consumed_message_index == 0
    assert here.members(member.sid).fetch().last_consumption_timestamp is not None
    assert [m.identity for m in here.members.list(identity=["bob", "nobody"])] == ["bob"]
    assert (here.fetch().members_count, service.users("bob").fetch().joined_channels_count) == (1, 1)
    assert here.members("bob").delete() is True
    assert service.channels(channel.sid).update(friendly_name="General").friendly_name == "General"
    assert here.delete() is True


def test_messages(service: Any) -> None:
    channel = service.channels(service.channels.create().sid)
    message = channel.messages.create(from_="ann", body="Hello \U0001f600", attributes="[]")
    assert (message.index, message._from, message.to) == (0, "ann", message.channel_sid)
    assert message.was_edited is False
    edited = channel.messages(message.sid).update(body="", last_updated_by="bob")
    assert (edited.body, edited.was_edited, edited.last_updated_by) == ("", True, "bob")
    assert channel.fetch().links["last_message"] == message.url
    assert channel.messages(message.sid).delete() is True
    assert channel.messages.list() == []


def test_iteration_reads_every_page(service: Any) -> None:
    channel = service.channels(service.channels.create().sid)
    for number in range(23):
        channel.messages.create(body=str(number))
    assert [m.index for m in channel.messages.stream(page_size=5)] == list(range(23))
    assert [m.index for m in channel.messages.list(order="desc", limit=12, page_size=5)] == list(range(22, 10, -1))
    assert len(channel.messages.list(limit=5000)) == 23
    first = channel.messages.page(page_size=10)
    second = first.next_page()
    assert [m.index for m in second] == list(range(10, 20))
    assert [m.index for m in second.previous_page()] == list(range(10))
    assert first.previous_page() is None


def test_wrong_credentials_are_told(shared_cluster: Cluster) -> None:
    http = TwilioHttpClient()
    client = Client(ACCOUNT, "wrong", http_client=http)
    client.chat.base_url = shared_cluster.url
    with pytest.raises(TwilioRestException) as error:
        client.chat.v2.services(SERVICE).fetch()
    assert refused(error) == (401, 20003)
    if http.session is not None:
        http.session.close()
