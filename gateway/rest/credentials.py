"""Push credentials of an account: one resource that every API offers. Secrets go in and never come out."""

from __future__ import annotations

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.credentials import CredentialDraft
from chatcore.domain.devices import Credential, PushType
from chatcore.domain.model import UNSET
from chatcore.ports.devices import SecretParts
from gateway.http.call import Call, Handler
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, iso_seconds, json_response
from gateway.http.router import Route

from .listing import dated_list
from .parameters import friendly_name


class Credentials:
    """At `/{version}/Credentials`, in pages of at most `page_max`. `retyped`: an update may change the type."""

    def __init__(self, chat: Chat, version: str, *, page_max: int, retyped: bool = False) -> None:
        self._credentials = chat.credentials
        self._version = version
        self._page_max = page_max
        self._retyped = retyped

    def routes(self) -> list[Route[Handler]]:
        many = f"/{self._version}/Credentials"
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
        made = await self._credentials.create(call.principal.account_sid, _draft(form, typed=True))
        return created(present(call, made))

    async def list(self, call: Call) -> Response:
        return await dated_list(
            call.query(),
            key="credentials",
            url=call.url("Credentials"),
            fetch=lambda window: self._credentials.list(call.principal.account_sid, window),
            present=lambda credential: present(call, credential),
            maximum=self._page_max,
        )

    async def fetch(self, call: Call) -> Response:
        return json_response(present(call, await self._find(call)))

    async def update(self, call: Call) -> Response:
        held = await self._find(call)
        draft = _draft(await call.form(), typed=self._retyped)
        return json_response(present(call, await self._credentials.update(held.account_sid, held.sid, draft)))

    async def delete(self, call: Call) -> Response:
        await self._credentials.delete(call.principal.account_sid, call.params["credential"])
        return deleted()

    async def _find(self, call: Call) -> Credential:
        return await self._credentials.get(call.principal.account_sid, call.params["credential"])


def present(call: Call, c: Credential) -> dict[str, object]:
    """`sandbox` is text, for whatever reason."""
    return {
        "sid": c.sid,
        "account_sid": c.account_sid,
        "friendly_name": c.friendly_name,
        "type": c.type.value,
        "sandbox": None if c.sandbox is None else str(c.sandbox).lower(),
        "date_created": iso_seconds(c.date_created),
        "date_updated": iso_seconds(c.date_updated),
        "url": call.url("Credentials", c.sid),
    }


def _draft(form: Form, *, typed: bool) -> CredentialDraft:
    kind = form.enum("Type", PushType) if typed else UNSET
    name = friendly_name(form)
    certificate, private_key = form.text_or_none("Certificate"), form.text_or_none("PrivateKey")
    sandbox = form.boolean("Sandbox")
    secrets = SecretParts(
        certificate=certificate,
        private_key=private_key,
        api_key=form.text_or_none("ApiKey"),
        secret=form.text_or_none("Secret"),
        key_id=form.text_or_none("KeyId"),
        team_id=form.text_or_none("TeamId"),
        topic=form.text_or_none("Topic"),
    )
    return CredentialDraft(type=kind, friendly_name=name, sandbox=sandbox, secrets=secrets)
