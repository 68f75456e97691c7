"""Which events make a push job: a pure rule over the event and the service's settings. Recipients are found later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from chatcore.domain import snapshot
from chatcore.domain.guests import Guest
from chatcore.domain.ids import Identity, UserSid
from chatcore.domain.jobs import Job, JobKind
from chatcore.domain.model import Channel, Message, Service
from chatcore.domain.pushes import PushEvent, badges, wanted

PUSH_EXPIRY = timedelta(days=1)
BADGE_DELAY = timedelta(seconds=2)
DELIVERY_EXPIRY = timedelta(days=1)


def for_message(service: Service, channel: Channel, message: Message) -> tuple[Job, ...]:
    """One job whatever the size of the channel: members are expanded by the worker."""
    if not wanted(service, PushEvent.NEW_MESSAGE, only_media=bool(message.media) and not message.body):
        return ()
    job = {
        "event": PushEvent.NEW_MESSAGE.value,
        "event_id": message.sid,
        "channel_sid": channel.sid,
        "channel_friendly_name": channel.friendly_name,
        "channel_unique_name": channel.unique_name,
        "by": message.author,
        "message_sid": message.sid,
        "message_index": message.index,
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
    service: Service, channel: Channel, event: PushEvent, *, identity: str, by: str | None, ref: int | str
) -> tuple[Job, ...]:
    """None where the user acted itself. `ref` tells apart what happens to the same user in the same channel twice."""
    if by == identity or not wanted(service, event):
        return ()
    job = {
        "event": event.value,
        "event_id": f"{event}:{channel.sid}:{ref}:{identity}",
        "channel_sid": channel.sid,
        "channel_friendly_name": channel.friendly_name,
        "channel_unique_name": channel.unique_name,
        "by": by,
        "identities": [identity],
    }
    return (_push(service, job),)


def for_badges(service: Service, users: Iterable[tuple[Identity, UserSid]]) -> tuple[Job, ...]:
    """One job per user, however many channels it reads in a row; in the order in which rows are to be locked."""
    if not badges(service):
        return ()
    return tuple(
        Job(
            kind=JobKind.BADGE,
            service_sid=service.sid,
            job={"identity": identity, "user_sid": user_sid},
            dedupe=identity,
            due_in=BADGE_DELAY,
            expires_in=PUSH_EXPIRY,
        )
        for identity, user_sid in sorted(users)
    )


def _push(service: Service, job: Mapping[str, object]) -> Job:
    return Job(kind=JobKind.PUSH, service_sid=service.sid, job=dict(job), expires_in=PUSH_EXPIRY)
