"""A service, and a request about it."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request

from chatcore.auth.keys import Principal
from chatcore.domain.blueprint import new_service
from chatcore.domain.ids import AccountSid, ServiceSid
from chatcore.domain.model import Service
from gateway.http.call import Call, Target
from gateway.rest.chat.place import Place
from gateway.rest.chat.version import Version
from gateway.rest.chat.versions import V2

ACCOUNT = AccountSid("AC" + "1" * 32)
SERVICE = ServiceSid("IS" + "2" * 32)
NOW = datetime(2026, 5, 17, 12, 30, 15, 999_000, tzinfo=UTC)


def a_service() -> Service:
    return new_service(ACCOUNT, "Shop", SERVICE, NOW)[0]


def a_call(headers: dict[str, str] | None = None) -> Call:
    raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return Call(
        request=Request({"type": "http", "method": "POST", "headers": raw}),
        principal=Principal(account_sid=ACCOUNT),
        target=Target(product="chat", mount="", segments=("v2", "Services", SERVICE), resource=f"/Services/{SERVICE}"),
        params={"service": SERVICE},
        base="https://chat.test/v2",
    )


def a_place(headers: dict[str, str] | None = None, *, version: Version = V2) -> Place:
    return Place(service=a_service(), call=a_call(headers), version=version)
