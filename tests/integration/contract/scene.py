"""One account, and the objects that the operations of one document need."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
import jsonschema

from chatcore.store.postgres import PostgresStore
from gateway.reference.documents import Document
from gateway.reference.openapi import openapi, success
from gateway.reference.operation import Operation
from tests.integration.rest.rig import Account

from .planted import plant_binding, plant_receipt
from .stories import Story, Value, needed, stories, value

Json = dict[str, Any]  # Any: JSON
Values = Mapping[str, Value]
Path = Mapping[str, str]
PNG = b"\x89PNG\r\n\x1a\n"
_HORIZONS = ("LastConsumedMessageIndex", "LastReadMessageIndex")
_MEMBERS = {"Channels": "Members", "Conversations": "Participants"}


class Stage(Protocol):
    """Where a scene is set: an application, or a process."""

    @property
    def store(self) -> PostgresStore: ...


@dataclass(slots=True)
class Scene:
    """Acts through the API only; what an operation needs is made by the creates of the same document."""

    rig: Stage
    http: httpx.AsyncClient
    account: Account
    document: Document
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _roles: dict[str, dict[str, str]] = field(default_factory=dict)
    _service: str = ""
    _described: Json = field(default_factory=dict)

    def fresh(self, prefix: str) -> str:
        """A name, or a telephone number, that nothing has yet."""
        return f"{prefix}{next(self._numbers):07d}"

    @property
    def base(self) -> str:
        return f"/{self.document.product}" if self.document.product else ""

    def operation(self, method: str, pattern: str) -> Operation | None:
        return next((o for o in self.document.operations if (o.method, o.pattern) == (method, pattern)), None)

    async def call(self, operation: Operation, path: Path, values: Values) -> httpx.Response:
        return await self.http.request(**await self.request(operation, path, values))

    async def request(self, operation: Operation, path: Path, values: Values) -> Json:
        """What httpx is to send: `values` go where the operation reads them."""
        query = {name: found for name, found in values.items() if operation.method == "GET" or operation.raw}
        request: dict[str, Any] = {"params": query} if query else {}
        if operation.raw:
            request |= {"content": PNG, "headers": {"Content-Type": "image/png"}}
        elif operation.body:
            request |= {"json": {"command": "get", "list": [{"media_sid": await self.media()}]}}
        elif operation.method == "POST":
            request |= {"data": dict(values)}
        return {"method": operation.method, "url": self.base + operation.pattern.format(**path), **request}

    async def values(
        self, operation: Operation, story: Story, path: Path, only: Collection[str] | None = None
    ) -> dict[str, Value]:
        """Good values of the parameters that the story does not leave out, or of some of them."""
        return {
            p.name: story.values.get(p.name) or await value(self, operation, p, path)
            for p in (*operation.form, *operation.query)
            if not any(map(p.name.startswith, story.without)) and (only is None or p.name in only)
        }

    async def path(self, operation: Operation) -> dict[str, str]:
        """Fresh objects for the placeholders, each within the one before."""
        path: dict[str, str] = {}
        for name in operation.placeholders:
            collection = operation.pattern.partition(f"/{{{name}}}")[0]
            path[name] = await self._object(operation, name, collection, path)
        return path

    async def _object(self, operation: Operation, name: str, collection: str, path: Path) -> str:
        if name == "service" and not operation.pattern.endswith("/{service}"):
            return await self.service()
        if name == "media":
            return await self.media()
        if "user" in path and (parent := collection.rpartition("/")[2]) in _MEMBERS:
            return await self._joined(path, collection, _MEMBERS[parent])
        if name == "channel" and self.document.version == "v3":
            return str((await self._send("POST", f"/chat/v2/Services/{path['service']}/Channels"))["sid"])
        if name == "binding":
            return str((await self._binding(path))["sid"])
        if name == "receipt":
            return await self._receipt(collection, path)
        create = self.operation("POST", collection)
        assert create is not None, f"nothing makes {name} of {operation.pattern}"
        return str((await self.make(create, path))["sid"])

    async def make(self, create: Operation, path: Path) -> Json:
        """An object with what it needs and no more."""
        values = await self.values(create, stories(create)[0], path, needed(create))
        response = await self.call(create, path, values)
        assert response.status_code == 201, response.text
        made: Json = response.json()
        return made

    async def _joined(self, path: Path, collection: str, kind: str) -> str:
        """A channel that the user of the path has joined."""
        parent = collection.replace("/Users/{user}", "")
        create, join = self.operation("POST", parent), f"{self.base}{parent}"
        assert create is not None, f"no create at {parent}"
        sid = str((await self.make(create, path))["sid"])
        user = await self._send("GET", f"{self.base}{collection.rpartition('/')[0].format(**path)}")
        await self._send("POST", f"{join.format(**path)}/{sid}/{kind}", Identity=user["identity"])
        return sid

    async def service(self) -> str:
        """The service that operations without one in their path act on as well."""
        if not self._service:
            if self.document.product == "conversations":
                configuration = await self._send("GET", "/conversations/v1/Configuration")
                self._service = configuration["default_chat_service_sid"]
            else:
                self._service = self.account.service_sid
        return self._service

    async def role(self, name: str, service: str) -> str:
        """The SID of a role that every service starts with."""
        if service not in self._roles:
            page = await self._send("GET", f"/chat/v2/Services/{service}/Roles")
            self._roles[service] = {role["friendly_name"]: role["sid"] for role in page["roles"]}
        return self._roles[service][name]

    async def prepare(self, operation: Operation, path: Path) -> Json:
        """What an operation needs beside its path: an item to list, which is returned, a message to have read."""
        if any(p.name in _HORIZONS for p in operation.form) and path.keys() & {"channel", "conversation"}:
            channel = path.get("channel") or path["conversation"]
            service = path.get("service") or await self.service()
            await self._send("POST", f"/chat/v2/Services/{service}/Channels/{channel}/Messages")
        if not operation.key:
            return {}
        if "user" in path and (parent := operation.pattern.rpartition("/")[2]) in _MEMBERS:
            await self._joined(path, operation.pattern, _MEMBERS[parent])
            return {}
        if operation.pattern.endswith("/ParticipantConversations"):
            return await self._participant(operation, path)
        if operation.pattern.endswith("/Bindings"):
            return await self._binding(path)
        if operation.pattern.endswith("/Receipts"):
            return {"sid": await self._receipt(operation.pattern, path)}
        create = self.operation("POST", operation.pattern)
        return await self.make(create, path) if create else {}

    async def _binding(self, path: Path) -> Json:
        """A device of the user of the path, or of somebody."""
        users = f"{self.base}/{self.document.version}/Services/{path['service']}/Users"
        if "user" in path:
            user = await self._send("GET", f"{users}/{path['user']}")
        else:
            user = await self._send("POST", users, Identity=self.fresh("somebody"))
        credential = await self._send("POST", "/chat/v2/Credentials", Type="fcm", Secret="secret")
        sid = await plant_binding(self.rig.store, user, credential["sid"])
        return {"sid": sid, "identity": user["identity"], "binding_type": "fcm"}

    async def _receipt(self, collection: str, path: Path) -> str:
        """Of the message of the path, at a participant with an address."""
        message = await self._send("GET", f"{self.base}{collection.rpartition('/')[0].format(**path)}")
        participants = collection.partition("/Messages/")[0].format(**path) + "/Participants"
        binding = {name: self.fresh("+1555") for name in ("MessagingBinding.Address", "MessagingBinding.ProxyAddress")}
        participant = await self._send("POST", f"{self.base}{participants}", **binding)
        service = path.get("service") or await self.service()
        return await plant_receipt(self.rig.store, service, message, participant["sid"])

    async def _participant(self, operation: Operation, path: Path) -> Json:
        """Somebody with an identity, and somebody with an address."""
        conversations = operation.pattern.replace("ParticipantConversations", "Conversations")
        sid = await self._object(operation, "conversation", conversations, path)
        url = f"{self.base}{conversations.format(**path)}/{sid}/Participants"
        made = await self._send("POST", url, Identity=self.fresh("somebody"))
        address, proxy = self.fresh("+1555"), self.fresh("+1666")
        await self._send("POST", url, **{"MessagingBinding.Address": address, "MessagingBinding.ProxyAddress": proxy})
        return {**made, "address": address}

    async def user(self, service: str) -> str:
        """The identity of a user of the service."""
        made = await self._send("POST", f"/chat/v2/Services/{service}/Users", Identity=self.fresh("somebody"))
        return str(made["identity"])

    async def media(self) -> str:
        """A file of the service that no message has yet."""
        url = f"/mcs/v1/Services/{await self.service()}/Media"
        response = await self.http.post(url, content=PNG, headers={"Content-Type": "image/png"})
        assert response.status_code == 201, response.text
        return str(response.json()["sid"])

    async def _send(self, method: str, url: str, **values: str) -> Json:
        response = await self.http.request(method, url, data=values or None)
        assert response.status_code in (200, 201), f"{method} {url}: {response.text}"
        found: Json = response.json()
        return found

    def complaints(self, operation: Operation, body: object) -> list[str]:
        """What about a body differs from the shape that the document promises."""
        self._described = self._described or openapi(self.document)
        shape = success(operation)
        assert shape is not None, f"{operation.name} answers without a body"
        validator = jsonschema.Draft202012Validator({**shape, "components": self._described["components"]})
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
