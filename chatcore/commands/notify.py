"""Which events make a push job: a pure rule over the event and the service's settings. Recipients are found later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from chatcore.domain import snapshot
from chatcore.domain.guests import Guest
from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.model import Channel, Message, Service

PUSH_EXPIRY = timedelta(days=1)
DELIVERY_EXPIRY = timedelta(days=1)


def for_message(service: Service, channel: Channel, message: Message) -> tuple[Job, ...]:
    """One job whatever the size of the channel: members are expanded by the worker."""
    if not service.notifications.new_message.enabled:
        return ()
    job = {
        "event": "new_message",
        "channel_sid": channel.sid,
        "channel_friendly_name": channel.friendly_name,
        "channel_unique_name": channel.unique_name,
        "by": message.author,
        "message_sid": message.sid,
        "message_index": message.index,
        "offset": message.rev,
    }
    return (_push(service, job),)


def for_guests(channel: Channel, message: Message, guests: Sequence[Guest]) -> tuple[Job, ...]:
    """One job for all guests but the author. Messages of one conversation leave in their order."""
    others = [
        {
            "sid": guest.sid,
            "type": guest.binding.type,
            "address": guest.binding.address,
            "proxy_address": guest.binding.proxy_address or guest.binding.projected_address,
        }
        for guest in guests
        if guest.binding.address != message.author
    ]
    if not others:
        return ()
    job = {
        "channel_sid": channel.sid,
        "message_sid": message.sid,
        "message_index": message.index,
        "author": message.author,
        "body": message.body,
        "media": [snapshot.media(file) for file in message.media],
        "guests": others,
    }
    lane = f"delivery:{channel.sid}"
    return (
        Job(kind=JobKind.DELIVERY, service_sid=channel.service_sid, job=job, lane=lane, expires_in=DELIVERY_EXPIRY),
    )


def for_membership(
    service: Service, channel: Channel, event: str, *, identity: str, by: str | None, enabled: bool
) -> tuple[Job, ...]:
    """`added_to_channel`, `removed_from_channel` or `invited_to_channel`; none where the user acted itself."""
    if not enabled or by == identity:
        return ()
    job = {
        "event": event,
        "channel_sid": channel.sid,
        "channel_friendly_name": channel.friendly_name,
        "channel_unique_name": channel.unique_name,
        "by": by,
        "identities": [identity],
    }
    return (_push(service, job),)


def _push(service: Service, job: Mapping[str, object]) -> Job:
    return Job(kind=JobKind.PUSH, service_sid=service.sid, job=dict(job), expires_in=PUSH_EXPIRY)
