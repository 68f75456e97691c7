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

from .place import Place, enter, enter_user
from .version import Json, Version


class Users:
    def __init__(self, chat: Chat, version: Version, reachability: Reachability) -> None:
        self._chat = chat
        self._version = version
        self._reachability = reachability

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Services/{service}/Users")
        one = many + "/{user}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        form = await call.form()
        who = identity(form)
        user = await self._chat.users.create(place.webhook_actor, who, _draft(form))
        return created(await self._present(place, user))

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, self._version, call)
        return await dated_list(
            call.query(),
            key="users",
            url=place.url("Users"),
            fetch=lambda window: self._chat.users.list(place.actor, window),
            present=lambda user: self._version.present.user(place, user),
            maximum=self._version.page_max,
        )

    async def fetch(self, call: Call) -> Response:
        place, user = await enter_user(self._chat, self._version, call)
        return json_response(await self._present(place, user))

    async def update(self, call: Call) -> Response:
        place, user = await enter_user(self._chat, self._version, call)
        draft = _draft(await call.form())
        user = await self._chat.users.update(place.webhook_actor, user.sid, draft)
        return json_response(await self._present(place, user))

    async def delete(self, call: Call) -> Response:
        place, user = await enter_user(self._chat, self._version, call)
        await self._chat.users.delete(place.actor, user.sid)
        return deleted()

    async def _present(self, place: Place, user: User) -> Json:
        is_notifiable = None
        if place.service.reachability_enabled:
            is_notifiable = (await self._chat.devices.is_notifiable([user.sid]))[user.sid]
        is_online = await self._reachability.is_online(place.service, user)
        return self._version.present.user(place, user, is_online=is_online, is_notifiable=is_notifiable)


def _draft(form: Form) -> UserDraft:
    role, attributes, name = role_sid(form), form.attributes(), friendly_name(form)
    return UserDraft(friendly_name=name, attributes=attributes, role_sid=role)
