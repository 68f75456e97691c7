"""Push credentials of an account."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.credentials import CredentialDraft
from chatcore.domain.devices import PushType
from chatcore.domain.model import UNSET
from chatcore.ports.devices import SecretParts
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import friendly_name

from .version import Version

PAGE_MAX = 1000


class Credentials:
    def __init__(self, chat: Chat, version: Version) -> None:
        self._chat = chat
        self._version = version

    def routes(self) -> list[Route[Handler]]:
        many = self._version.path("Credentials")
        one = many + "/{credential}"
        return [
            Route("POST", many, self.create),
            Route("GET", many, self.list),
            Route("GET", one, self.fetch),
            Route("POST", one, self.update),
            Route("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        form = await call.form()
        form.require("Type")
        credential = await self._chat.credentials.create(call.principal.account_sid, _draft(form, new=True))
        return created(self._version.present.credential(call, credential))

    async def list(self, call: Call) -> Response:
        return await dated_list(
            call.query(),
            key="credentials",
            url=call.url("Credentials"),
            fetch=lambda window: self._chat.credentials.list(call.principal.account_sid, window),
            present=lambda credential: self._version.present.credential(call, credential),
            maximum=PAGE_MAX,
        )

    async def fetch(self, call: Call) -> Response:
        credential = await self._chat.credentials.get(call.principal.account_sid, call.params["credential"])
        return json_response(self._version.present.credential(call, credential))

    async def update(self, call: Call) -> Response:
        account_sid, sid = call.principal.account_sid, call.params["credential"]
        await self._chat.credentials.get(account_sid, sid)
        credential = await self._chat.credentials.update(account_sid, sid, _draft(await call.form(), new=False))
        return json_response(self._version.present.credential(call, credential))

    async def delete(self, call: Call) -> Response:
        await self._chat.credentials.delete(call.principal.account_sid, call.params["credential"])
        return deleted()


def _draft(form: Form, *, new: bool) -> CredentialDraft:
    """The type of a credential is that of its creation."""
    return CredentialDraft(
        type=form.enum("Type", PushType) if new else UNSET,
        friendly_name=friendly_name(form),
        sandbox=form.boolean("Sandbox"),
        secrets=SecretParts(
            certificate=form.text_or_none("Certificate"),
            private_key=form.text_or_none("PrivateKey"),
            api_key=form.text_or_none("ApiKey"),
            secret=form.text_or_none("Secret"),
            key_id=form.text_or_none("KeyId"),
            team_id=form.text_or_none("TeamId"),
            topic=form.text_or_none("Topic"),
        ),
    )
