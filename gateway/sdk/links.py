"""Where the SDKs are told to find things. All but media are labels: requests travel through the socket."""

from __future__ import annotations

from dataclasses import dataclass

from chatcore.domain.ids import ChannelSid, MessageSid
from gateway.http.urls import encode
from gateway.sdkhttp.names import LABEL
from gateway.sdkhttp.session import SdkSession

BASE = "/Client/v1"
OLD = "/v1/Services/{service}"
"""Of SDKs that push their commands into a list."""


def url(*parts: str) -> str:
    """Below BASE; every part is one segment."""
    return "/".join((f"{LABEL}{BASE}", *map(encode, parts)))


def of_channel(sid: ChannelSid) -> str:
    return url("Conversations", sid)


def of_message(channel_sid: ChannelSid, sid: MessageSid) -> str:
    return f"{of_channel(channel_sid)}/Messages/{sid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLinks:
    """`prefix` stands before the media path of SDKs that build its host themselves."""

    public_url: str | None
    prefix: str

    def service(self, session: SdkSession, name: str = "Media") -> str:
        """Must be reachable for the client: beside its socket, or where the operator says."""
        base = self.public_url or session.origin.replace("://tsock.", "://mcs.", 1)  # the SDKs' own name for media
        return f"{base}/v1/Services/{session.actor.service_sid}/{name}"

    def old(self, session: SdkSession) -> str:
        return f"{self.prefix}/v1/Services/{session.actor.service_sid}/Media"
