"""Users of a service, by SID or identity."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.users import UserDraft
from chatcore.domain.ids import Identity, ServiceSid
from chatcore.domain.model import User
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route

from . import present
from .listing import dated_list
from .parameters import friendly_name, identity, role_sid
from .place import Place, enter

logger = logging.getLogger(__name__)

Online = Callable[[ServiceSid, list[Identity]], Awaitable[Mapping[Identity, bool | None]]]
"""Who has a live connection; None or missing for who never had one. Raises ConnectionError while it cannot tell."""


class Users:
    """Without `online` nobody's reachability is known."""

    def __init__(self, chat: Chat, online: Online | None) -> None:
        self._chat = chat
        self._online = online

    def routes(self) -> list[Route[Handler]]:
        many, one = "/v2/Services/{service}/Users", "/v2/Services/{service}/Users/{user}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
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
        await self._chat.users.delete(place.actor, user.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, User]:
        place = await enter(self._chat, call)
        return place, await self._chat.users.get(place.actor, call.params["user"])

    async def _present(self, place: Place, user: User) -> present.Json:
        return present.user(place, user, is_online=await self._is_online(place, user))

    async def _is_online(self, place: Place, user: User) -> bool | None:
        if self._online is None or not place.service.reachability_enabled:
            return None
        try:
            return (await self._online(user.service_sid, [user.identity])).get(user.identity)
        except (ConnectionError, TimeoutError):
            logger.warning("Reachability is unknown", exc_info=True, extra={"action": "reachability_unknown"})
            return None


def _draft(form: Form) -> UserDraft:
    role, attributes, name = role_sid(form), form.attributes(), friendly_name(form)
    return UserDraft(friendly_name=name, attributes=attributes, role_sid=role)
