"""Conversations and what is in them as the JSON of Conversations v1. Every property is always there; what is absent is
null."""

from __future__ import annotations

from dataclasses import asdict
from typing import assert_never

from chatcore.domain.delivery import Delivery
from chatcore.domain.guests import DeliveryReceipt, Guest, MessagingBinding
from chatcore.domain.model import Channel, Media, Member, Message
from chatcore.domain.participants import Participant, Participation
from chatcore.domain.webhooks import ChannelWebhook, Vocabulary, WebhookType, translate
from gateway.http.responses import iso_seconds, iso_seconds_or_none

from .place import Place
from .present import Json, timers


def conversation(place: Place, c: Channel) -> Json:
    email = c.email
    return {
        "sid": c.sid,
        "account_sid": place.service.account_sid,
        "chat_service_sid": c.service_sid,
        "messaging_service_sid": c.messaging_service_sid,
        "friendly_name": c.friendly_name,
        "unique_name": c.unique_name,
        "attributes": c.attributes,
        "date_created": iso_seconds(c.date_created),
        "date_updated": iso_seconds(c.date_updated),
        "state": c.state.value,
        "timers": timers(c),
        "bindings": {} if email is None else {"email": {"name": email.name, "address": email.address}},
        "url": place.url("Conversations", c.sid),
        "links": {
            "participants": place.url("Conversations", c.sid, "Participants"),
            "messages": place.url("Conversations", c.sid, "Messages"),
            "webhooks": place.url("Conversations", c.sid, "Webhooks"),
        },
    }


def message(place: Place, m: Message, delivery: Delivery | None) -> Json:
    url = place.url("Conversations", m.channel_sid, "Messages", m.sid)
    return place.own_sid() | {
        "sid": m.sid,
        "account_sid": place.service.account_sid,
        "conversation_sid": m.channel_sid,
        "index": m.index,
        "author": m.author,
        "body": m.body,
        "media": [_media(file) for file in m.media] or None,
        "attributes": m.attributes,
        "participant_sid": m.member_sid,
        "date_created": iso_seconds(m.date_created),
        "date_updated": iso_seconds(m.date_updated),
        "delivery": None if delivery is None else asdict(delivery),
        "content_sid": m.content_sid,
        "url": url,
        "links": {"delivery_receipts": f"{url}/Receipts"},
    }


def _media(m: Media) -> Json:
    return {"sid": m.sid, "size": m.size, "content_type": m.content_type, "filename": m.filename}


def receipt(place: Place, r: DeliveryReceipt) -> Json:
    return place.own_sid() | {
        "sid": r.sid,
        "account_sid": place.service.account_sid,
        "conversation_sid": r.channel_sid,
        "message_sid": r.message_sid,
        "channel_message_sid": r.channel_message_sid,
        "participant_sid": r.participant_sid,
        "status": r.status.value,
        "error_code": r.error_code,
        "date_created": iso_seconds(r.date_created),
        "date_updated": iso_seconds(r.date_updated),
        "url": place.url("Conversations", r.channel_sid, "Messages", r.message_sid, "Receipts", r.sid),
    }


def participant(place: Place, p: Participant) -> Json:
    index, moment = _horizon(p)
    return place.own_sid() | {
        "sid": p.sid,
        "account_sid": place.service.account_sid,
        "conversation_sid": p.channel_sid,
        "identity": p.identity if isinstance(p, Member) else None,
        "attributes": p.attributes,
        "messaging_binding": _binding(p.binding) if isinstance(p, Guest) else None,
        "role_sid": p.role_sid,
        "date_created": iso_seconds(p.date_created),
        "date_updated": iso_seconds(p.date_updated),
        "url": place.url("Conversations", p.channel_sid, "Participants", p.sid),
        "last_read_message_index": index,
        "last_read_timestamp": moment,
    }


def _horizon(p: Participant) -> tuple[int | None, str | None]:
    if isinstance(p, Member):
        return p.last_consumed_message_index, iso_seconds_or_none(p.last_consumption_timestamp)
    return p.last_read_message_index, iso_seconds_or_none(p.last_read_timestamp)


def _binding(b: MessagingBinding) -> Json:
    """What is not set has no key."""
    shown: Json = {"type": b.type, "address": b.address}
    optional = {"proxy_address": b.proxy_address, "projected_address": b.projected_address}
    return shown | {name: value for name, value in optional.items() if value is not None}


def participation(place: Place, p: Participation) -> Json:
    c, who = p.channel, p.participant
    url = place.url("Conversations", c.sid)
    return {
        "account_sid": place.service.account_sid,
        "chat_service_sid": c.service_sid,
        "participant_sid": who.sid,
        "participant_user_sid": who.user_sid if isinstance(who, Member) else None,
        "participant_identity": who.identity if isinstance(who, Member) else None,
        "participant_messaging_binding": asdict(who.binding) if isinstance(who, Guest) else None,
        "conversation_sid": c.sid,
        "conversation_unique_name": c.unique_name,
        "conversation_friendly_name": c.friendly_name,
        "conversation_attributes": c.attributes,
        "conversation_date_created": iso_seconds(c.date_created),
        "conversation_date_updated": iso_seconds(c.date_updated),
        "conversation_created_by": c.created_by,
        "conversation_state": c.state.value,
        "conversation_timers": timers(c),
        "links": {"participant": place.url("Conversations", c.sid, "Participants", who.sid), "conversation": url},
    }


def webhook(place: Place, w: ChannelWebhook) -> Json:
    return place.own_sid() | {
        "sid": w.sid,
        "account_sid": place.service.account_sid,
        "conversation_sid": w.channel_sid,
        "target": w.type.value,
        "url": place.url("Conversations", w.channel_sid, "Webhooks", w.sid),
        "configuration": _configuration(w),
        "date_created": iso_seconds(w.date_created),
        "date_updated": iso_seconds(w.date_updated),
    }


def _configuration(w: ChannelWebhook) -> Json:
    """What its type goes by. Filters that Chat set are shown by the names that the events have here."""
    replay: Json = {} if w.replay_after is None else {"replay_after": w.replay_after}
    match w.type:
        case WebhookType.WEBHOOK:
            names = dict.fromkeys(translate(name, Vocabulary.CONVERSATIONS) for name in w.filters)
            return {"url": w.url, "method": w.method, "filters": list(names)} | replay
        case WebhookType.TRIGGER:
            return {"url": w.url, "method": w.method, "triggers": list(w.triggers)} | replay
        case WebhookType.STUDIO:
            return {"flow_sid": w.flow_sid} | replay
    assert_never(w.type)
