"""Commands that older SDKs push into their list: each an action with its fields, mapped onto one command.

Attributes are JSON text there too, but some versions send the value itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from chatcore.commands.channels import ChannelDraft
from chatcore.commands.chat import Chat
from chatcore.commands.guests import GuestDraft
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.commands.messages import MessagePatch
from chatcore.commands.sending import SendDraft
from chatcore.commands.users import UserDraft
from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import UNSET, Actor, ChannelType, NotificationLevel, Unset
from gateway.sdkhttp.errors import bad_request
from gateway.sdkhttp.names import channel_document
from gateway.sdkhttp.session import SdkSession

from . import members
from .channels import own_membership

Json = dict[str, object]
REPORTS_MAX = 1000


class Fields:
    """The fields of one request, as given. Raises HttpError(400)."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def text(self, name: str) -> str:
        value = self._given.get(name)
        if not isinstance(value, str):
            raise bad_request(f"{name} is missing or no text")
        return limits.clean(name, value)

    def optional(self, name: str) -> str | Unset | None:
        value = self._given.get(name, UNSET)
        if value is UNSET or value is None:
            return UNSET if value is UNSET else None
        return self.text(name)

    def given(self, name: str) -> str | Unset:
        """Absent and null are the same."""
        value = self.optional(name)
        return UNSET if value is None else value

    def attributes(self, name: str = "attributes") -> str | Unset:
        value = self._given.get(name, UNSET)
        if value is UNSET or value is None:
            return UNSET
        return limits.clean(name, value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def index(self, name: str = "messageIdx") -> int:
        """As text in some versions."""
        value = self._given.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**62:
            return value
        raise bad_request(f"{name} is missing or no index")

    def is_null(self, name: str) -> bool:
        return self._given.get(name) is None

    def list(self, name: str) -> list[Mapping[str, Any]]:
        value = self._given.get(name)
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise bad_request(f"{name} must be a list of objects")
        return value


Do = Callable[[SdkSession, Actor, Fields], Awaitable[Json | None]]


class Actions:
    """`perform` is what command lists call."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._actions: dict[str, Do] = {
            "createChannel": self._create_channel,
            "createConversation": self._create_conversation,
            "destroyChannel": self._destroy,
            "joinChannelV2": self._join,
            "leaveChannel": self._leave,
            "declineInvitation": self._decline,
            "addMemberV2": self._add,
            "inviteMember": self._invite,
            "removeMember": self._remove,
            "addNonChatParticipant": self._add_guest,
            "sendMessage": self._send,
            "sendMediaMessage": self._send_media,
            "editMessage": self._edit_message,
            "editMessageAttributes": self._edit_message_attributes,
            "deleteMessage": self._delete_message,
            "editAttributes": self._edit_attributes,
            "editFriendlyName": self._edit_friendly_name,
            "editUniqueName": self._edit_unique_name,
            "editNotificationLevel": self._edit_level,
            "editMemberAttributes": self._edit_member,
            "editUserAttributes": self._edit_user_attributes,
            "editUserFriendlyName": self._edit_user_name,
            "consumptionReportV2": self._report,
        }

    async def perform(self, session: SdkSession, action: str, request: Mapping[str, Any]) -> Json:
        """The extra members of the response. Raises ChatError and HttpError."""
        do = self._actions.get(action)
        if do is None:
            raise bad_request(f"The action {action} is unknown")
        return await do(session, session.actor, Fields(request)) or {}

    # Channels.

    async def _create_channel(self, session: SdkSession, actor: Actor, fields: Fields) -> Json:
        kind = fields.text("type")
        if kind not in set(ChannelType):
            raise bad_request("type must be public or private")
        channel, _ = await self._chat.channels.create(actor, replace(_draft(fields), type=ChannelType(kind)))
        sid = channel.sid
        return {"channelSid": sid, "channel": channel_document(sid).unique_name}

    async def _create_conversation(self, session: SdkSession, actor: Actor, fields: Fields) -> Json:
        sid = (await self._chat.conversations.create(actor, _draft(fields))).sid
        return {"conversationSid": sid, "conversation": channel_document(sid).unique_name}

    async def _destroy(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._chat.channels.delete(actor, fields.text("channelSid"))

    async def _edit_attributes(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._edit(actor, fields, ChannelDraft(attributes=fields.attributes()))

    async def _edit_friendly_name(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._edit(actor, fields, ChannelDraft(friendly_name=fields.optional("friendlyName")))

    async def _edit_unique_name(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._edit(actor, fields, ChannelDraft(unique_name=fields.optional("uniqueName")))

    async def _edit(self, actor: Actor, fields: Fields, draft: ChannelDraft) -> None:
        await self._chat.channels.update(actor, fields.text("channelSid"), draft)

    async def _edit_level(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        level = fields.text("notificationLevel")
        if level not in set(NotificationLevel):
            raise ChatError(Code.NOTIFICATION_LEVEL_INVALID, "notificationLevel must be default or muted")
        await self._chat.channels.notify(actor, fields.text("channelSid"), NotificationLevel(level))

    # Members.

    async def _join(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._chat.channels.join(actor, fields.text("channelSid"))

    async def _leave(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._chat.channels.leave(actor, fields.text("channelSid"))

    async def _decline(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._chat.invites.decline(actor, fields.text("channelSid"))

    async def _add(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        draft = MemberDraft(attributes=fields.attributes())
        await members.add(self._chat, actor, fields.text("channelSid"), fields.text("username"), draft)

    async def _invite(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._chat.invites.create(actor, fields.text("channelSid"), fields.text("username"))

    async def _remove(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        sid = fields.given("memberSid")
        member = fields.text("username") if isinstance(sid, Unset) else sid
        await members.remove(self._chat, actor, fields.text("channelSid"), member)

    async def _add_guest(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        proxy = fields.given("proxyAddress")
        draft = GuestDraft(
            address=fields.text("address"),
            proxy_address=None if isinstance(proxy, Unset) else proxy,
            attributes=fields.attributes(),
        )
        await self._chat.guests.add(actor, fields.text("conversationSid"), draft)

    async def _edit_member(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        patch = MemberPatch(attributes=fields.attributes())
        await self._chat.members.update(actor, fields.text("channelSid"), fields.text("memberSid"), patch)

    # Messages.

    async def _send(self, session: SdkSession, actor: Actor, fields: Fields) -> Json:
        subject = fields.given("subject")
        draft = SendDraft(
            channel=fields.text("channelSid"),
            body=fields.text("text"),
            attributes=fields.attributes(),
            subject=None if isinstance(subject, Unset) else subject,
        )
        return await self._sent(actor, draft)

    async def _send_media(self, session: SdkSession, actor: Actor, fields: Fields) -> Json:
        draft = SendDraft(
            channel=fields.text("channelSid"),
            media_sids=(fields.text("mediaSid"),),
            attributes=fields.attributes(),
        )
        return await self._sent(actor, draft)

    async def _sent(self, actor: Actor, draft: SendDraft) -> Json:
        sent = await self._chat.messages.send(actor, draft)
        return {"messageId": str(sent.message.index)}

    async def _edit_message(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._patch(actor, fields, MessagePatch(body=fields.text("text")))

    async def _edit_message_attributes(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._patch(actor, fields, MessagePatch(attributes=fields.attributes()))

    async def _patch(self, actor: Actor, fields: Fields, patch: MessagePatch) -> None:
        await self._chat.messages.update(actor, fields.text("channelSid"), fields.index(), patch)

    async def _delete_message(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._chat.messages.delete(actor, fields.text("channelSid"), fields.index())

    # Users and horizons.

    async def _edit_user_attributes(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        await self._chat.users.update(actor, fields.text("username"), UserDraft(attributes=fields.attributes()))

    async def _edit_user_name(self, session: SdkSession, actor: Actor, fields: Fields) -> None:
        draft = UserDraft(friendly_name=fields.optional("friendlyName"))
        await self._chat.users.update(actor, fields.text("username"), draft)

    async def _report(self, session: SdkSession, actor: Actor, fields: Fields) -> Json:
        """Together, so that they share a batch; an entry that is refused has no count."""
        entries = fields.list("report")
        if len(entries) > REPORTS_MAX:
            raise bad_request(f"more than {REPORTS_MAX} reports")
        counts = await asyncio.gather(*(self._report_one(session, actor, Fields(entry)) for entry in entries))
        return {
            "report": [
                {"channelSid": entry.get("channelSid"), "unreadMessagesCount": count}
                for entry, count in zip(entries, counts, strict=True)
            ]
        }

    async def _report_one(self, session: SdkSession, actor: Actor, fields: Fields) -> int | None:
        key = fields.text("channelSid")
        try:
            index = None if fields.is_null("messageIdx") else fields.index()
            await self._chat.horizons.report(actor, key, index, force=True)
            return (await own_membership(self._chat, actor, session.user_sid, key)).unread_messages_count
        except ChatError as error:
            if error.temporary:
                raise
            return None


def _draft(fields: Fields) -> ChannelDraft:
    return ChannelDraft(
        friendly_name=fields.optional("friendlyName"),
        unique_name=fields.optional("uniqueName"),
        attributes=fields.attributes(),
    )
