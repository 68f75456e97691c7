"""Users of a service, by SID or identity."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.users import UserDraft
from chatcore.domain.model import User
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import friendly_name, identity, role_sid
from gateway.rest.reachability import Reachability

from . import present
from .place import Place, both_forms, enter


class Users:
    def __init__(self, chat: Chat, reachability: Reachability) -> None:
        self._chat = chat
        self._reachability = reachability

    def routes(self) -> list[Route[Handler]]:
        many, one = "Users", "Users/{user}"
        return [
            *both_forms("POST", many, self.create),
            *both_forms("GET", many, self.list),
            *both_forms("GET", one, self.fetch),
            *both_forms("POST", one, self.update),
            *both_forms("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        form = await call.form()
        who = identity(form)
        user = await self._chat.users.create(place.webhook_actor, who, _draft(form))
        return created(await self._present(place, user))

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        return await dated_list(
            call.query(),
            key="users",
            url=place.url("Users"),
            fetch=lambda window: self._chat.users.list(place.actor, window),
            present=lambda user: present.user(place, user),
            maximum=50,
        )

    async def fetch(self, call: Call) -> Response:
        place, user = await self._find(call)
        return json_response(await self._present(place, user))

    async def update(self, call: Call) -> Response:
        place, user = await self._find(call)
        draft = _draft(await call.form())
        user = await self._chat.users.update(place.webhook_actor, user.sid, draft)
        return json_response(await self._present(place, user))

    async def delete(self, call: Call) -> Response:
        place, user = await self._find(call)
        await self._chat.users.delete(place.webhook_actor, user.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, User]:
        place = await enter(self._chat, call)
        return place, await self._chat.users.get(place.actor, call.params["user"])

    async def _present(self, place: Place, user: User) -> present.Json:
        online = await self._reachability.is_online(place.service, user)
        notifiable = None
        if place.service.reachability_enabled:
            notifiable = (await self._chat.devices.is_notifiable([user.sid])).get(user.sid)
        return present.user(place, user, is_online=online, is_notifiable=notifiable)


def _draft(form: Form) -> UserDraft:
    name, attributes, role = friendly_name(form), form.attributes(), role_sid(form)
    return UserDraft(friendly_name=name, attributes=attributes, role_sid=role)
