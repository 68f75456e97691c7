"""Stories of reading back what was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .library import Library, refused

CHANNELS = 300
ATTRIBUTES = (
    '{ "foo" : "bar" }',
    '{"b":1,"a":2,"a":3}',
    "  [1.0, 1e3, -0, 12345678901234567890]\n",
    '"\\u00e9 é \U0001f600 \\ud83d\\ude00 \\/"',
    "null",
    "{\t}",
)


def paging_of_channels(library: Library) -> None:
    """More channels than fit on any page are read in every way that there is."""
    with library.service() as service:
        made = [
            service.channels.create(unique_name=f"room {number}", type="private" if number % 3 else "public").sid
            for number in range(CHANNELS)
        ]
        assert [each.sid for each in service.channels.list()] == made
        assert [each.sid for each in service.channels.list(limit=120, page_size=50)] == made[:120]
        assert [each.sid for each in service.channels.list(limit=1000)] == made
        assert [each.sid for each in service.channels.stream(page_size=7, limit=30)] == made[:30]
        public = [each.sid for each in service.channels.list(type=["public"], page_size=20)]
        assert public == made[::3]
        assert len(service.channels.list(type=["public", "private"])) == CHANNELS
        first = service.channels.page(page_size=100)
        second = first.next_page()
        assert [each.sid for each in second] == made[100:200]
        third = second.next_page()
        assert [each.sid for each in third] == made[200:]
        assert third.next_page() is None
        assert [each.sid for each in third.previous_page()] == made[100:200]
        again = service.channels.get_page(service.channels.page(page_size=10).next_page_url)
        assert [each.sid for each in again] == made[10:20]


def attributes_byte_for_byte(library: Library) -> None:
    """Attributes are text: no blank is added, none is lost."""
    with library.service() as service:
        channel = service.channels.create()
        room = service.channels(channel.sid)
        service.users.create(identity="ann")
        room.members.create(identity="ann")
        message = room.messages.create(body="x")
        for text in ATTRIBUTES:
            assert service.channels.create(attributes=text).attributes == text
            assert room.messages.create(body="x", attributes=text).attributes == text
            for thing in (room, service.users("ann"), room.members("ann"), room.messages(message.sid)):
                assert thing.update(attributes=text).attributes == text
                assert thing.fetch().attributes == text
        for text, code in (("{", 50304), ("", 50304), ("{'a': 1}", 50304), (f'"{"x" * 20000}"', 50303)):
            with refused(400, code):
                room.update(attributes=text)


def older_versions(library: Library) -> None:
    """What one version wrote the others read."""
    with library.service() as service:
        v1 = library.chat_v1.services(service.fetch().sid)
        alias = library.ip_messaging.services(service.fetch().sid)
        channel = v1.channels.create(unique_name="old", friendly_name="Old", type="private")
        v1.channels("old").members.create(identity="ann")
        alias.channels("old").messages.create(from_="ann", body="from IP Messaging")
        first = v1.channels("old").messages.create(body="from version 1")
        assert [message.body for message in service.channels("old").messages.list()] == [
            "from IP Messaging",
            "from version 1",
        ]
        assert "/chat/v1/" in first.url
        assert "/ip-messaging/v2/" in alias.channels("old").fetch().url
        assert [each.channel_sid for each in v1.users("ann").user_channels.list()] == [channel.sid]
        configured = v1.update(webhooks_on_message_sent_url="https://example.org/sent")
        assert configured.webhooks["on_message_sent"]["url"] == "https://example.org/sent"
        migrated = service.channels.create(unique_name="open")
        assert v1.channels(migrated.sid).fetch().type == "public"
        assert v1.channels("old").delete() is True
        with refused(404, 20404):
            service.channels(channel.sid).fetch()


STORIES: Final[tuple[Callable[[Library], None], ...]] = (paging_of_channels, attributes_byte_for_byte, older_versions)
