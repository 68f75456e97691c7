"""Resources as the Twilio SDKs read them in answers. One object serves all versions: each reads its own members."""

from __future__ import annotations

from chatcore.domain import serial
from chatcore.domain.guests import Guest
from chatcore.domain.ids import AccountSid
from chatcore.domain.model import Channel, Member, Membership, Message, User
from gateway.sdkhttp.names import channel_document, info_map, messages_list, roster_map

from .links import of_channel, of_message, url

Json = dict[str, object]


def channel(c: Channel, account_sid: AccountSid, *, status: str | None = None) -> Json:
    own = of_channel(c.sid)
    document, messages, roster = (
        ref.unique_name for ref in (channel_document(c.sid), messages_list(c.sid), roster_map(c.sid))
    )
    shown: Json = {
        "sid": c.sid,
        "conversation_sid": c.sid,
        "channel_sid": c.sid,
        "account_sid": account_sid,
        "chat_service_sid": c.service_sid,
        "messaging_service_sid": c.messaging_service_sid,
        "friendly_name": c.friendly_name,
        "unique_name": c.unique_name,
        "attributes": c.attributes,
        "type": c.type.value,
        "created_by": c.created_by,
        "state": {"current": c.state.value},
        "revision": str(c.rev),
        "members_count": c.members_count,
        "participants_count": c.members_count + c.guests_count,
        "messages_count": c.messages_count,
        "date_created": serial.date(c.date_created),
        "date_updated": serial.date(c.date_updated),
        "channel": document,
        "messages": messages,
        "roster": roster,
        "sync_objects": {"conversation": document, "messages": messages, "participants": roster},
        "links": {
            "messages": f"{own}/Messages",
            "participants": f"{own}/Participants",
            "invites": f"{own}/Invites",
        },
        "url": own,
    }
    if status is not None:
        shown["status"] = status
    return shown


def own_channel(m: Membership, account_sid: AccountSid, user_sid: str) -> Json:
    joined = m.member
    index = joined.last_consumed_message_index if joined is not None else None
    return channel(m.channel, account_sid, status=m.status.value) | {
        "last_consumed_message_index": index,
        "last_read_message_index": index,
        "unread_messages_count": m.unread_messages_count,
        "notification_level": joined.notification_level.value if joined is not None else "default",
        "participant_sid": joined.sid if joined is not None else None,
        "user_sid": user_sid,
    }


def message(m: Message, account_sid: AccountSid) -> Json:
    own, place = of_message(m.channel_sid, m.sid), of_channel(m.channel_sid)
    files = [
        {
            "sid": file.sid,
            "category": file.category.value,
            "content_type": file.content_type,
            "filename": file.filename,
            "size": file.size,
        }
        for file in m.media
    ]
    return {
        "sid": m.sid,
        "index": m.index,
        "conversation_sid": m.channel_sid,
        "channel_sid": m.channel_sid,
        "account_sid": account_sid,
        "chat_service_sid": m.service_sid,
        "author": m.author,
        "participant_sid": m.member_sid,
        "body": m.body,
        "subject": m.subject,
        "attributes": m.attributes,
        "media": files[0] if files else None,
        "medias": files or None,
        "date_created": serial.date(m.date_created),
        "date_updated": serial.date(m.date_updated),
        "url": own,
        "links": {"conversation": place, "messages_receipts": f"{own}/Receipts"},
    }


def member(m: Member | Guest, account_sid: AccountSid) -> Json:
    place = of_channel(m.channel_sid)
    binding: Json | None = None
    if isinstance(m, Guest):
        binding = {"type": m.binding.type, "address": m.binding.address, "proxy_address": m.binding.proxy_address}
    return {
        "sid": m.sid,
        "conversation_sid": m.channel_sid,
        "account_sid": account_sid,
        "chat_service_sid": m.service_sid,
        "identity": m.identity if isinstance(m, Member) else None,
        "role_sid": m.role_sid,
        "attributes": m.attributes,
        "messaging_binding": binding,
        "date_created": serial.date(m.date_created),
        "date_updated": serial.date(m.date_updated),
        "url": f"{place}/Participants/{m.sid}",
        "links": {"conversation": place},
    }


def user(u: User, account_sid: AccountSid, *, is_online: bool | None, is_notifiable: bool | None) -> Json:
    info = info_map(u.sid).unique_name
    return {
        "sid": u.sid,
        "identity": u.identity,
        "friendly_name": u.friendly_name,
        "attributes": u.attributes,
        "role_sid": u.role_sid,
        "is_online": is_online,
        "is_notifiable": is_notifiable,
        "sync_unique_name": info,
        "sync_objects": {"user_info_map": info},
        "account_sid": account_sid,
        "chat_service_sid": u.service_sid,
        "date_created": serial.date(u.date_created),
        "date_updated": serial.date(u.date_updated),
        "url": url("Users", u.identity),
    }
