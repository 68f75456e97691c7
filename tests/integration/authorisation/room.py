"""Rooms that are asked about: full of what strangers must not see."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from chatcore.domain.ids import new_sid

from .outcomes import Kind

PNG = b"\x89PNG\r\n\x1a\n"
OWNER, MEMBER, INVITED, GUEST, SUBJECT = "ann", "ben", "gus", "hal", "pia"
"""Identities; the last two are asked about: a plain member, and a user with a profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """`marker` stands in every text of it: name, attributes, messages, file name."""

    service: str
    kind: Kind
    marker: str
    sid: str
    members: Mapping[str, str]
    message: str  # the first one, the owner's, with a file
    media: str
    subject: str = SUBJECT
    subject_sid: str
    owner_sid: str
    command_list: str
    device: str  # the owner's binding
    device_token: str
    credential: str
    fresh: str = field(default_factory=lambda: f"new-{secrets.token_hex(6)}")
    """A name nothing has."""

    @property
    def fresh_device(self) -> str:
        return f"device:{self.fresh}{secrets.token_hex(6)}"

    @property
    def phone(self) -> str:
        return f"+1555{secrets.randbelow(10**7):07}"

    def unreal(self) -> Room:
        """The same with SIDs of nothing, which look just as good."""
        return replace(
            self,
            sid=new_sid("CH"),
            members={name: new_sid("MB") for name in self.members},
            message=new_sid("IM"),
            media=new_sid("ME"),
            subject=f"nobody-{secrets.token_hex(6)}",
            subject_sid=new_sid("US"),
            owner_sid=new_sid("US"),
            command_list="ESf" + new_sid("ES")[3:],
            device=new_sid("BS"),
            device_token=f"token_of:{secrets.token_hex(12)}",
        )

    def names(self) -> dict[str, str]:
        """What an answer may repeat of the request, by what stands for it when answers are compared. SIDs of Sync
        objects are made of the last letters of others."""
        return {
            self.sid[3:]: "channel",
            self.message: "message",
            self.media: "media",
            self.subject: "subject",
            self.command_list: "list",
            self.device: "device",
            **{sid[3:]: "user" for sid in (self.subject_sid, self.owner_sid)},
            **dict.fromkeys(self.members.values(), "member"),
        }


@dataclass(slots=True)
class Builder:
    """Makes rooms through REST, as the account that has the service."""

    http: httpx.AsyncClient
    service: str
    admin_role: str
    user_role: str
    fixed: dict[str, str]
    """What all rooms of the world share: the fields of Room that are of users."""

    async def room(self, kind: Kind, *writers: str) -> Room:
        """`writers` are members too, and have written."""
        marker = f"{kind}-{secrets.token_hex(6)}"
        path = f"/v2/Services/{self.service}/Channels"
        hidden = f'{{"secret":"{marker}"}}'
        made = await self.post(
            path,
            Type=kind.value,
            FriendlyName=f"{marker} name",
            UniqueName=f"{marker} unique",
            Attributes=hidden,
            CreatedBy=OWNER,
        )
        place = f"{path}/{made['sid']}"
        members = {}
        for identity in (OWNER, MEMBER, GUEST, *writers):
            role = self.admin_role if identity == OWNER else self.user_role
            member = await self.post(f"{place}/Members", Identity=identity, RoleSid=role, Attributes=hidden)
            members[identity] = member["sid"]
        media = await self.upload(f"{marker}.png")
        message = await self.post(f"{place}/Messages", From=OWNER, MediaSid=media, Attributes=hidden)
        for identity in (OWNER, MEMBER, *writers):
            await self.post(f"{place}/Messages", From=identity, Body=f"{marker} words", Attributes=hidden)
        await self.post(f"{place}/Invites", Identity=INVITED)
        return Room(
            service=self.service,
            kind=kind,
            marker=marker,
            sid=made["sid"],
            members=members,
            message=message["sid"],
            media=media,
            **self.fixed,
        )

    async def upload(self, name: str) -> str:
        response = await self.http.post(
            f"/mcs/v1/Services/{self.service}/Media",
            params={"Filename": name},
            content=PNG,
            headers={"Content-Type": "image/png"},
        )
        assert response.status_code == 201, response.text
        return str(response.json()["sid"])

    async def post(self, path: str, **values: str) -> dict[str, Any]:  # Any: JSON
        response = await self.http.post(path, data=values)
        assert response.status_code in (200, 201), f"{path}: {response.text}"
        found: dict[str, Any] = response.json()
        return found
