"""Many devices, and many jobs, planted in bulk."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from chatcore.domain.devices import PushType
from chatcore.domain.ids import ChannelSid, CredentialSid, ServiceSid, new_sid
from chatcore.domain.model import Channel
from chatcore.domain.pushes import PushEvent

from .phones import Phones

EXPIRY: Final = timedelta(days=1)

_USERS = """
INSERT INTO users (sid, service_sid, identity, attributes, role_sid, date_created, date_updated)
SELECT sid, $1, 'user' || n, '{}', $2, now(), now() FROM unnest($3::text[], $4::int[]) w (sid, n)
"""
_MEMBERS = """
INSERT INTO members (sid, service_sid, channel_sid, user_sid, identity, role_sid, date_created, date_updated, rev,
  roster_created, roster_position, own_created, own_position)
SELECT 'MB' || sid, $1, $5, sid, 'user' || n, $2, now(), now(), 1, 1, 1, 1, 1
FROM unnest($3::text[], $4::int[]) w (sid, n)
"""
_BINDINGS = """
INSERT INTO bindings (sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid,
  message_types, vocabulary, registered_at, date_created, date_updated)
SELECT 'BS' || sid, $1, sid, 'user' || n, $4, sid,
  CASE $4 WHEN 'apn' THEN md5(sid) || md5(sid || n) ELSE 'token-of-device-number-' || n END,
  $6, $5::text[], 'chat', now(), now(), now()
FROM unnest($2::text[], $3::int[]) w (sid, n)
"""
_JOBS = """
INSERT INTO outbox (kind, service_sid, job, expires_at)
SELECT 'push', $1, jsonb_build_object('event', $2::text, 'event_id', $2 || ':' || $3 || ':' || n,
  'channel_sid', $3::text, 'identities', (SELECT jsonb_agg('user' || m) FROM generate_series(n, n + $5 - 1) m)),
  now() + $6::interval
FROM generate_series(0, $4 - 1, $5) n
"""


async def plant(
    phones: Phones,
    credential: CredentialSid,
    size: int,
    *,
    channel: Channel | None = None,
    kind: PushType,
    first: int = 0,
) -> None:
    """So many people with a device each, members of the channel if there is one."""
    world = phones.world
    service, role = world.service.sid, world.service.default_service_role_sid
    numbers = list(range(first, first + size))
    users = [new_sid("US") for _ in numbers]
    types = [PushEvent.NEW_MESSAGE.value, PushEvent.ADDED.value]
    async with world.pool.acquire() as connection, connection.transaction():
        await connection.execute(_USERS, service, role, users, numbers)
        if channel is not None:
            await connection.execute(_MEMBERS, service, role, users, numbers, channel.sid)
        await connection.execute(_BINDINGS, service, users, numbers, kind.value, types, credential)
    await world.pool.execute("ANALYZE users, members, bindings")


async def crowd(phones: Phones, size: int, first: int = 0) -> Channel:
    """A channel of so many people with a device each, and of alice."""
    channel = await phones.world.channel("alice")
    await plant(phones, await phones.credential(PushType.FCM), size, channel=channel, kind=PushType.FCM, first=first)
    return channel


async def added(phones: Phones, devices: int, *, each: int) -> None:
    """Jobs that tell so many people that they were added to a channel, `each` of them by one job."""
    service: ServiceSid = phones.world.service.sid
    channel = ChannelSid(new_sid("CH"))
    await phones.world.pool.execute(_JOBS, service, PushEvent.ADDED.value, channel, devices, each, EXPIRY)
