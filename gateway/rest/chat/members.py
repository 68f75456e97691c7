"""Members of a channel, by SID or identity."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.domain.errors import Code
from chatcore.domain.ids import Identity
from chatcore.domain.model import Channel, Member, Unset, given
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import date_created, date_updated, identity, role_sid

from .place import Place, enter_channel
from .version import Reads, Version


class Members:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Channels/{channel}/Members")
        one = many + "/{member}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        form = await self._version.form(call, Reads.MEMBER_CREATE)
        who = identity(form)
        role = role_sid(form)
        index, moment = last_consumed_index(form), last_consumption_timestamp(form)
        draft = MemberDraft(
            role_sid=role,
            last_consumed_message_index=index,
            last_consumption_timestamp=moment,
            date_created=date_created(form),
            date_updated=date_updated(form),
            attributes=form.attributes(),
        )
        member = await self._chat.members.add(place.webhook_actor, channel.sid, who, draft)
        return created(self._version.present.member(place, member))

    async def list(self, call: Call) -> Response:
        place, channel = await enter_channel(self._chat, self._version, call)
        query = call.query()
        identities = [Identity(text) for text in given(query.texts("Identity"), ())]
        return await dated_list(
            query,
            key="members",
            url=place.url("Channels", channel.sid, "Members"),
            filters=("Identity",),
            fetch=lambda window: self._chat.members.list(place.actor, channel.sid, window, identities=identities),
            present=lambda member: self._version.present.member(place, member),
            maximum=self._version.page_max,
        )

    async def fetch(self, call: Call) -> Response:
        place, _, member = await self._find(call)
        return json_response(self._version.present.member(place, member))

    async def update(self, call: Call) -> Response:
        place, channel, member = await self._find(call)
        form = await self._version.form(call, Reads.MEMBER_UPDATE)
        role = role_sid(form)
        index, moment = last_consumed_index(form), last_consumption_timestamp(form)
        patch = MemberPatch(
            role_sid=role,
            last_consumed_message_index=index,
            last_consumption_timestamp=moment,
            date_created=date_created(form),
            date_updated=date_updated(form),
            attributes=form.attributes(),
        )
        member = await self._chat.members.update(place.webhook_actor, channel.sid, member.sid, patch)
        return json_response(self._version.present.member(place, member))

    async def delete(self, call: Call) -> Response:
        place, channel, member = await self._find(call)
        await self._chat.members.remove(place.webhook_actor, channel.sid, member.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Channel, Member]:
        place, channel = await enter_channel(self._chat, self._version, call)
        return place, channel, await self._chat.members.get(place.actor, channel.sid, call.params["member"])


def last_consumed_index(form: Form) -> int | Unset | None:
    """Empty clears it."""
    return form.integer_or_none("LastConsumedMessageIndex", code=Code.CONSUMED_INDEX_INVALID, low=0)


def last_consumption_timestamp(form: Form) -> datetime | Unset | None:
    """Empty clears it."""
    return form.date_time_or_none("LastConsumptionTimestamp", code=Code.CONSUMPTION_TIMESTAMP_INVALID)
