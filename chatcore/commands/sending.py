"""What a send consists of, and what a batch of them reads before its messages are placed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.guests import Guest
from chatcore.domain.ids import SYSTEM, ChannelSid, Identity, MemberSid, ServiceSid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import UNSET, Actor, Channel, ChannelType, Message, Service, Unset
from chatcore.domain.permissions import Permission
from chatcore.domain.values import value
from chatcore.domain.webhooks import ChannelWebhook
from chatcore.ports.store import Repositories
from chatcore.ports.views import Sender

from .access import channel_not_found, not_a_member, not_authorized


@value
class SendDraft:
    """A message to be. `channel` is a SID or a unique name. Without a body it is empty text, or none where it carries
    files or a content template."""

    channel: str
    body: str | None = None
    attributes: str | Unset = UNSET
    author: str | Unset = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET
    last_updated_by: str | Unset | None = UNSET
    media_sids: tuple[str, ...] = ()
    client_ref: str | None = None
    subject: str | None = None
    content_sid: str | None = None
    content_variables: str | None = None


@value
class Sent:
    """The message as committed; `duplicate` when its client_ref had been used. `written` is its JSON where that was
    written for the log just now."""

    message: Message
    duplicate: bool
    written: str | None = field(default=None, compare=False, repr=False)


@dataclass(slots=True, kw_only=True)
class Send:
    actor: Actor
    draft: SendDraft
    channel_sid: ChannelSid
    service: Service
    author: str
    done: asyncio.Future[Sent]
    counted: bool = False  # by the rate limit, which another attempt does not use up again


@dataclass(slots=True)
class Known:
    """What a batch reads before it places its messages."""

    senders: Mapping[tuple[str, str], Sender]
    refs: dict[tuple[str, str, str], Message]
    files: dict[str, MediaFile]  # locked; those of one's own service are what counts
    webhooks: Mapping[ChannelSid, Sequence[ChannelWebhook]]
    guests: Mapping[ChannelSid, Sequence[Guest]]

    def author_sid(self, channel_sid: ChannelSid, author: str) -> MemberSid | None:
        """Of the participant that goes by that identity or address."""
        sender = self.senders.get((channel_sid, author))
        if sender is not None and sender.member_sid is not None:
            return sender.member_sid
        found = (guest.sid for guest in self.guests.get(channel_sid, ()) if guest.binding.address == author)
        return next(found, None)


def attachable(file: MediaFile | None, sid: str, actor: Actor) -> MediaFile:
    """The locked file, if the actor may attach it: a server any, a client what it uploaded itself."""
    foreign = file is not None and actor.identity is not None and file.author != actor.identity
    if file is None or foreign or file.service_sid != actor.service_sid or file.uploaded_at is None:
        raise ChatError(Code.MEDIA_NOT_FOUND, f"Media {sid} was not found")
    if file.message_sid is not None:
        raise ChatError(Code.MEDIA_ATTACHED, f"Media {sid} is attached to a message already")
    return file


def require_sender(channel: Channel, sender: Sender | None, draft: SendDraft) -> None:
    if sender is None or not sender.member:
        if channel.type is ChannelType.PRIVATE and not (sender is not None and sender.invited):
            raise channel_not_found(draft.channel)
        raise not_a_member()
    if (needed := needed_permission(draft)) not in sender.permissions:
        raise not_authorized(needed)


def needed_permission(draft: SendDraft) -> Permission:
    return Permission.SEND_MEDIA_MESSAGE if draft.media_sids else Permission.SEND_MESSAGE


async def look_up(tx: Repositories, batch: Sequence[Send], channels: Mapping[ChannelSid, Channel]) -> Known:
    """Each kind in one statement, and only where some send of the batch needs it."""
    heard = {sid for sid, channel in channels.items() if channel.webhooks_count}
    visited = {sid for sid, channel in channels.items() if channel.guests_count}
    return Known(
        senders=await _senders(tx, batch),
        refs=await _known_refs(tx, batch),
        files=await _files(tx, batch),
        webhooks=await tx.channel_webhooks.of_channels(sorted(heard)) if heard else {},
        guests=await tx.guests.of_channels(sorted(visited)) if visited else {},
    )


async def _senders(tx: Repositories, batch: Sequence[Send]) -> dict[tuple[str, str], Sender]:
    """Of everybody who sends, and of everybody in whose name something is sent."""
    pairs: dict[tuple[ChannelSid, Identity], None] = {}
    for send in batch:
        if send.actor.identity is not None:
            pairs[send.channel_sid, send.actor.identity] = None
        if send.author != SYSTEM and _storable(send.author):
            pairs[send.channel_sid, Identity(send.author)] = None
    if not pairs:
        return {}
    return {(s.channel_sid, s.identity): s for s in await tx.messages.senders(list(pairs))}


def _storable(author: str) -> bool:
    """Whether the database may be asked for it; what is not is refused when its turn comes."""
    try:
        limits.author(author)
    except ChatError:
        return False
    return True


async def _files(tx: Repositories, batch: Sequence[Send]) -> dict[str, MediaFile]:
    """Locked in ascending order of service and SID."""
    wanted: dict[ServiceSid, set[str]] = {}
    for send in batch:
        if send.draft.media_sids:
            wanted.setdefault(send.actor.service_sid, set()).update(send.draft.media_sids)
    found = [await tx.media.many(sid, sorted(wanted[sid]), lock=True) for sid in sorted(wanted)]
    return {file.sid: file for files in found for file in files}


async def _known_refs(tx: Repositories, batch: Sequence[Send]) -> dict[tuple[str, str, str], Message]:
    refs = [(s.channel_sid, s.author, s.draft.client_ref) for s in batch if s.draft.client_ref is not None]
    if not refs:
        return {}
    found = await tx.messages.by_refs(refs)
    return {(m.channel_sid, m.author, m.client_ref): m for m in found if m.client_ref is not None}
