"""A caller of Conversations v1."""

from __future__ import annotations

import httpx

from chatcore.domain.ids import ServiceSid
from tests.integration.rest.rig import Account, Rest

HOST = "http://conversations.test"


class Conversations(Rest):
    """Speaks as one account. Paths are below `/v1` unless they begin with a slash; in the service form, below
    `/v1/Services/{service}`."""

    def __init__(self, http: httpx.AsyncClient, account: Account, *, named: bool = False) -> None:
        super().__init__(http, account)
        self.named = named

    @property
    def base(self) -> str:
        return f"/v1/Services/{self.service_sid}" if self.named else "/v1"

    def path(self, path: str) -> str:
        return path if path.startswith(("/", "http")) else f"{self.base}/{path}".rstrip("/")

    def url(self, path: str) -> str:
        return HOST + self.path(path)

    def in_service(self, service_sid: str | None = None) -> Conversations:
        """The same caller in the service form."""
        caller = Conversations(self.http, self.account, named=True)
        caller.service_sid = ServiceSid(service_sid or self.service_sid)
        return caller
