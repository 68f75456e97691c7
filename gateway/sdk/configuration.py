"""What a client is told at its start: intervals, limits, links, names of its own objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chatcore.commands.chat import Chat
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.exchange import SdkResponse, answer
from gateway.sdkhttp.names import LABEL, info_map, own_map
from gateway.sdkhttp.routes import Route
from gateway.sdkhttp.session import SdkSession

from .links import BASE, OLD, MediaLinks, url

Json = dict[str, object]

INTERVAL = "PT5S"
"""Of read reports, and of the HTTP caches in the SDKs (newer ones take a tenth)."""

USERS_SUBSCRIBED = 100
PAGE = 50
FILES_MAX = 10
FILES_TOTAL_MB = 300
BODY_TYPES = ["text/plain", "text/html"]


class Configuration:
    def __init__(self, chat: Chat, media: MediaLinks) -> None:
        self._chat = chat
        self._media = media

    def routes(self) -> list[Route[Handler]]:
        return [Route("GET", f"/Client/{version}/Configuration", self.read) for version in ("v1", "v2")]

    async def read(self, call: Call) -> SdkResponse:
        session = call.request.session
        service = await self._chat.services.settings(session.actor)
        own, info = own_map(session.user_sid).unique_name, info_map(session.user_sid).unique_name
        return answer(
            {
                "identity": session.actor.name,
                "url": f"{LABEL}{BASE}/Configuration",
                "options": {
                    "consumption_report_interval": INTERVAL,
                    "http_cache_interval": INTERVAL,
                    "user_infos_to_subscribe": USERS_SUBSCRIBED,
                    "reachability_enabled": service.reachability_enabled,
                    "my_conversations_page_size": PAGE,
                    "media_attachments_count_limit": FILES_MAX,
                    "media_attachment_size_limit_in_mb": service.media_size_limit_mb,
                    "media_attachments_total_size_limit_in_mb": max(FILES_TOTAL_MB, service.media_size_limit_mb),
                    "email_bodies_allowed_mime_types": BODY_TYPES,
                    "email_histories_allowed_mime_types": BODY_TYPES,
                },
                "sync_objects": {"my_conversations": own, "my_user_info": info},
                "links": {
                    "my_conversations": url("MyConversations"),
                    "conversations": url("Conversations"),
                    "users": url("Users"),
                    "current_user": url("Users", session.actor.name),
                    "typing": url("Typing"),
                    "media_service": self._media.service(session),
                    "media_set_service": self._media.service(session, "MediaSet"),
                    "messages_receipts": f"{url('Conversations')}/%s/Messages/%s/Receipts",
                },
            }
        )

    async def describe(self, session: SdkSession, given: Mapping[str, Any]) -> Json:
        """The context of a command list: the same for SDKs that learn it that way. The links are paths."""
        service = await self._chat.services.settings(session.actor)
        old = OLD.format(service=service.sid)
        return {
            "type": "IpMsgSession",
            "apiVersion": given.get("apiVersion", "3"),
            "identity": session.actor.name,
            "userInfo": info_map(session.user_sid).unique_name,
            "myChannels": own_map(session.user_sid).unique_name,
            "channels": f"{service.sid}.channels",
            "reachabilityEnabled": service.reachability_enabled,
            "userInfosToSubscribe": USERS_SUBSCRIBED,
            "consumptionReportInterval": INTERVAL,
            "httpCacheInterval": INTERVAL,
            "links": {
                "publicChannelsUrl": f"{old}/PublicChannels",
                "myChannelsUrl": f"{old}/MyChannels",
                "syncListUrl": f"{old}/SyncList",
                "usersUrl": f"{old}/Users",
                "typingUrl": "/v1/typing",
                "messagesReceiptsUrl": f"{old}/Channels/%s/Messages/%s/Receipts",
                "mediaServiceUrl": self._media.old(session),
            },
        }
