"""Reads of the SDKs that push their commands into a list."""

from __future__ import annotations

from chatcore.commands.chat import Chat
from gateway.sdkhttp.dispatch import Call, Handler
from gateway.sdkhttp.exchange import SdkResponse, answer
from gateway.sdkhttp.reading import query
from gateway.sdkhttp.routes import Route

from . import present
from .channels import Expect, cursor, joined, own_membership, visible
from .links import OLD
from .pages import listed, wanted

_END = {"previous_token": None, "next_token": None}


class Older:
    def __init__(self, chat: Chat, expect: Expect) -> None:
        self._chat = chat
        self._expect = expect

    def routes(self) -> list[Route[Handler]]:
        return [
            Route("GET", f"{OLD}/SyncList", self.sync_list),
            Route("GET", f"{OLD}/PublicChannels", self.public),
            Route("GET", f"{OLD}/PublicChannels/{{channel}}", self.fetch),
            Route("GET", f"{OLD}/MyChannels", self.own),
            Route("GET", f"{OLD}/MyChannels/{{channel}}", self.fetch_own),
        ]

    async def sync_list(self, call: Call) -> SdkResponse:
        """Own channels with the names of their objects; read whole at every start."""
        session = call.request.session
        page = await self._chat.channels.memberships(session.user_sid, wanted(call))
        await self._expect(session, joined(page))
        account, user_sid = session.actor.account_sid, session.user_sid
        return answer(listed(call, "channels", page, cursor, lambda m: present.own_channel(m, account, user_sid)))

    async def public(self, call: Call) -> SdkResponse:
        actor = call.request.session.actor
        page = await self._chat.channels.list(actor, wanted(call))
        shown = listed(
            call, "channels", page, lambda c: (c.date_created, c.sid), lambda c: present.channel(c, actor.account_sid)
        )
        return answer(shown)

    async def fetch(self, call: Call) -> SdkResponse:
        actor = call.request.session.actor
        return answer(present.channel(await visible(self._chat, actor, call.params["channel"]), actor.account_sid))

    async def own(self, call: Call) -> SdkResponse:
        """Without `sid`, which these SDKs would take for something else."""
        session = call.request.session
        actor, account, user_sid = session.actor, session.actor.account_sid, session.user_sid
        sid = query(call.request).text("ChannelSid")
        if isinstance(sid, str):
            membership = await own_membership(self._chat, actor, user_sid, sid)
            shown = _nameless(present.own_channel(membership, account, user_sid))
            return answer({"channels": [shown], "meta": _END})
        page = await self._chat.channels.memberships(user_sid, wanted(call))
        return answer(
            listed(call, "channels", page, cursor, lambda m: _nameless(present.own_channel(m, account, user_sid)))
        )

    async def fetch_own(self, call: Call) -> SdkResponse:
        session = call.request.session
        membership = await own_membership(self._chat, session.actor, session.user_sid, call.params["channel"])
        return answer(present.own_channel(membership, session.actor.account_sid, session.user_sid))


def _nameless(shown: present.Json) -> present.Json:
    return {name: value for name, value in shown.items() if name != "sid"}
