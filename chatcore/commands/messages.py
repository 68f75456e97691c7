"""Commands on messages. Sending shares transactions with others: see `send_batch`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from chatcore.domain import limits, serial, snapshot
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.events import EventType
from chatcore.domain.ids import ChannelSid, Identity, MessageSid
from chatcore.domain.media import MediaFile
from chatcore.domain.model import UNSET, Actor, LastMessage, Message, Order, Unset, given
from chatcore.domain.paging import Page
from chatcore.domain.permissions import Permission
from chatcore.domain.snapshot import Facts
from chatcore.domain.webhooks import Action
from chatcore.ports.hooks import BeforeHook
from chatcore.ports.store import Repositories
from chatcore.ports.views import Access, Sender

from .access import check_revision, enter, enter_as_member, require_either, require_sight
from .activity import require_open
from .rates import Rates
from .send_batch import SendBatch
from .sending import SendDraft, Sent, attachable, require_sender
from .services import Services
from .unit import Unit, Work, advance


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagePatch:
    """Fields to change; UNSET leaves a field as it is."""

    body: str | Unset = UNSET
    attributes: str | Unset = UNSET
    author: str | Unset = UNSET
    date_created: datetime | Unset = UNSET
    date_updated: datetime | Unset = UNSET
    last_updated_by: str | Unset = UNSET
    subject: str | Unset | None = UNSET


Found = tuple[Access, Message]


async def _find(repos: Repositories, channel_sid: ChannelSid, key: MessageSid | int) -> Message:
    message = await repos.messages.get(channel_sid, key)
    if message is None:
        raise ChatError(Code.MESSAGE_NOT_FOUND, f"Message {key} was not found")
    return message


async def _find_to_edit(
    repos: Repositories,
    actor: Actor,
    channel_key: str,
    key: MessageSid | int,
    patch: MessagePatch,
    *,
    lock: bool = False,
) -> Found:
    access = await enter(repos, actor, channel_key, lock=lock)
    require_sight(actor, access, *_editing(patch))
    message = await _find(repos, access.channel.sid, key)
    owner = message.author
    if patch.body is not UNSET:
        require_either(actor, access, Permission.EDIT_ANY_MESSAGE, Permission.EDIT_OWN_MESSAGE, owner=owner)
    if patch.attributes is not UNSET:
        anybodys, own = Permission.EDIT_ANY_MESSAGE_ATTRIBUTES, Permission.EDIT_OWN_MESSAGE_ATTRIBUTES
        require_either(actor, access, anybodys, own, owner=owner)
    return access, message


async def _find_to_delete(
    repos: Repositories, actor: Actor, channel_key: str, key: MessageSid | int, *, lock: bool = False
) -> Found:
    access = await enter(repos, actor, channel_key, lock=lock)
    anybodys, own = Permission.DELETE_ANY_MESSAGE, Permission.DELETE_OWN_MESSAGE
    require_sight(actor, access, anybodys)
    message = await _find(repos, access.channel.sid, key)
    require_either(actor, access, anybodys, own, owner=message.author)
    return access, message


class Messages:
    """One public method is one command. Messages are addressed by SID or index."""

    def __init__(self, unit: Unit, rates: Rates, hook: BeforeHook, batch: SendBatch, services: Services) -> None:
        self._unit = unit
        self._rates = rates
        self._hook = hook
        self._services = services
        self._batch = batch

    async def send(self, actor: Actor, draft: SendDraft) -> Sent:
        """Returns after the commit. A client_ref that was used before returns the first message, unchanged."""
        changes = await self._hook.before(actor, Action.MESSAGE_ADD, partial(self._look_at_draft, actor, draft))
        if changes:
            draft = replace(
                draft,
                body=changes.get("body", draft.body),
                attributes=changes.get("attributes", draft.attributes),
                author=changes.get("author", draft.author),
            )
        return await self._batch.send(actor, draft)

    def begin_send(self, actor: Actor, draft: SendDraft) -> asyncio.Future[Sent] | None:
        """`send` without a coroutine: under way when this returns. None where something has to be asked or read before,
        which only `send` can do; then nothing has happened."""
        service = self._services.settings_at_hand(actor)
        if service is None or self._hook.asks(actor, service, Action.MESSAGE_ADD):
            return None
        return self._batch.begin(actor, draft, service)

    async def get(self, actor: Actor, channel_key: str, key: MessageSid | int) -> Message:
        access = await enter_as_member(self._unit.store.read, actor, channel_key)
        return await _find(self._unit.store.read, access.channel.sid, key)

    async def list(
        self,
        actor: Actor,
        channel_key: str,
        *,
        limit: int,
        order: Order = Order.ASC,
        after: int | None = None,
        before: int | None = None,
        offset: int = 0,
    ) -> tuple[Access, Page[Message]]:
        """A page by index, and the channel as it was read just before: its stream position is not newer than the
        page."""
        access = await enter_as_member(self._unit.store.read, actor, channel_key)
        page = await self._unit.store.read.messages.list(
            access.channel.sid, limit=limit, order=order, after=after, before=before, offset=offset
        )
        return access, page

    async def update(
        self,
        actor: Actor,
        channel_key: str,
        key: MessageSid | int,
        patch: MessagePatch,
        *,
        if_rev: int | None = None,
    ) -> Message:
        """An update without any field answers with the message as it is and leaves no event."""

        async def act(work: Work) -> Message:
            access, message = await _find_to_edit(work.tx, actor, channel_key, key, patch, lock=True)
            check_revision(message.rev, if_rev)
            self._check(patch)
            if patch == MessagePatch():
                return message
            require_open(access.channel)
            if patch.body is not UNSET and message.media and message.body is None:
                raise ChatError(Code.MEDIA_BODY_FIXED, "The message is a file and has no body to change")
            self._rates.channel(access.channel.sid)
            channel = advance(access.channel)
            edited = patch.body is not UNSET or patch.attributes is not UNSET
            changed = replace(
                message,
                body=given(patch.body, message.body),
                attributes=given(patch.attributes, message.attributes),
                author=given(patch.author, message.author),
                subject=given(patch.subject, message.subject),
                date_created=given(patch.date_created, message.date_created),
                date_updated=given(patch.date_updated, work.now),
                was_edited=message.was_edited or edited,
                last_updated_by=given(patch.last_updated_by, actor.name if edited else message.last_updated_by),
                rev=channel.stream.offset,
            )
            if channel.last_message is not None and channel.last_message.index == message.index:
                last = LastMessage(index=changed.index, date_created=changed.date_created)
                channel = replace(channel, last_message=last)
            await work.tx.messages.update(changed)
            await work.tx.channels.save(channel)
            work.log_channel(channel, EventType.MESSAGE_UPDATED, message=serial.message(changed))
            await work.tell(actor, Action.MESSAGE_UPDATE, {}, channel=channel, message=changed)
            return changed

        finding = partial(_find_to_edit, actor=actor, channel_key=channel_key, key=key, patch=patch)
        look = partial(self._look, actor, finding, patch)
        if changes := await self._hook.before(actor, Action.MESSAGE_UPDATE, look):
            patch = replace(
                patch,
                body=changes.get("body", patch.body),
                attributes=changes.get("attributes", patch.attributes),
                author=changes.get("author", patch.author),
            )
        return await self._unit.run(actor, act)

    async def delete(self, actor: Actor, channel_key: str, key: MessageSid | int) -> None:
        """The index stays burnt."""
        finding = partial(_find_to_delete, actor=actor, channel_key=channel_key, key=key)

        async def act(work: Work) -> None:
            access, message = await finding(work.tx, lock=True)
            self._rates.channel(access.channel.sid)
            channel = advance(access.channel)
            await work.tx.messages.delete(message)
            channel = replace(channel, messages_count=channel.messages_count - 1)
            if channel.last_message is not None and channel.last_message.index == message.index:
                newest = await work.tx.messages.newest(channel.sid)
                channel = replace(channel, last_message=None, last_message_sid=None)
                if newest is not None:
                    last = LastMessage(index=newest.index, date_created=newest.date_created)
                    channel = replace(channel, last_message=last, last_message_sid=newest.sid)
            await work.tx.channels.save(channel)
            removed = serial.removed_message(message, channel.stream.offset)
            last_now = serial.last_message(channel.last_message)
            work.log_channel(channel, EventType.MESSAGE_REMOVED, message=removed, last_message=last_now)
            if message.media:
                await work.tx.media.delete([file.sid for file in message.media])
            await work.tell(actor, Action.MESSAGE_REMOVE, {}, channel=channel, message=message)

        look = partial(self._look, actor, finding, MessagePatch())
        await self._hook.before(actor, Action.MESSAGE_REMOVE, look)
        await self._unit.run(actor, act)

    async def _look(
        self, actor: Actor, finding: Callable[[Repositories], Awaitable[Found]], patch: MessagePatch
    ) -> Facts:
        """What a before-hook is told of a message that exists."""
        access, message = await finding(self._unit.store.read)
        intended = replace(
            message,
            body=given(patch.body, message.body),
            attributes=given(patch.attributes, message.attributes),
            author=given(patch.author, message.author),
        )
        return {
            "channel": snapshot.channel(access.channel),
            "message": snapshot.message(intended),
            "by": actor.name,
        }

    async def _look_at_draft(self, actor: Actor, draft: SendDraft) -> Facts:
        """What a before-hook is told of a message to be."""
        repos = self._unit.store.read
        access = await enter(repos, actor, draft.channel)
        if actor.identity is not None:
            require_sender(access.channel, _as_sender(access, actor.identity), draft)
        held = await repos.media.many(actor.service_sid, draft.media_sids) if draft.media_sids else ()
        found: dict[str, MediaFile] = {file.sid: file for file in held}
        files = [_attachable(found.get(sid), sid, actor) for sid in draft.media_sids]
        message = {
            "body": draft.body or "" if not draft.media_sids else draft.body,
            "attributes": given(draft.attributes, "{}"),
            "author": given(draft.author, actor.name),
            "member_sid": access.member.sid if access.member is not None else None,
            "media": [snapshot.media(file.media) for file in files],
        }
        return {"channel": snapshot.channel(access.channel), "message": message, "by": actor.name}

    @staticmethod
    def _check(patch: MessagePatch) -> None:
        if patch.body is not UNSET:
            limits.body(patch.body)
        if patch.attributes is not UNSET:
            limits.attributes(patch.attributes)
        if patch.author is not UNSET:
            limits.author(patch.author)
        if patch.subject is not UNSET:
            limits.subject(patch.subject)
        if patch.last_updated_by is not UNSET:
            limits.last_updated_by(patch.last_updated_by)


def _as_sender(access: Access, identity: Identity) -> Sender:
    return Sender(
        channel_sid=access.channel.sid,
        identity=identity,
        permissions=access.permissions,
        member_sid=access.member.sid if access.member is not None else None,
        invited=access.invite is not None,
    )


def _attachable(file: MediaFile | None, sid: str, actor: Actor) -> MediaFile:
    """As it is where the message is sent, but for files that are attached: the message may be sent once more."""
    return attachable(None if file is None else replace(file, message_sid=None), sid, actor)


def _editing(patch: MessagePatch) -> list[Permission]:
    """What somebody who is not a member needs."""
    needed = []
    if patch.body is not UNSET:
        needed.append(Permission.EDIT_ANY_MESSAGE)
    if patch.attributes is not UNSET:
        needed.append(Permission.EDIT_ANY_MESSAGE_ATTRIBUTES)
    return needed
