from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatcore.auth.keys import Principal
from chatcore.domain.ids import AccountSid
from gateway.http.auth import authenticate, parse_basic
from gateway.http.errors import HttpError

ACCOUNT = AccountSid("AC" + "1" * 32)


class Known:
    """One account; suspended or not."""

    def __init__(self, *, suspended: bool = False) -> None:
        self.principal = Principal(account_sid=ACCOUNT, suspended=suspended)

    async def check(self, sid: str, secret: str) -> Principal | None:
        return self.principal if (sid, secret) == (ACCOUNT, "to:ken") else None


def basic(text: str) -> str:
    return "Basic " + b64encode(text.encode()).decode()


async def test_credentials_name_the_principal() -> None:
    assert (await authenticate(basic(f"{ACCOUNT}:to:ken"), Known())).account_sid == ACCOUNT


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Bearer abc",
        basic("nocolon"),
        basic(f"{ACCOUNT}:wrong"),
        "Basic /w==",
    ],
)
async def test_anything_else_is_told_to_authenticate(header: str | None) -> None:
    with pytest.raises(HttpError) as error:
        await authenticate(header, Known())
    assert (error.value.status, error.value.code, error.value.message) == (401, 20003, "Authenticate")
    assert error.value.headers == {"WWW-Authenticate": 'Basic realm="Twilio API"'}


async def test_a_suspended_account_is_forbidden() -> None:
    with pytest.raises(HttpError) as error:
        await authenticate(basic(f"{ACCOUNT}:to:ken"), Known(suspended=True))
    assert (error.value.status, error.value.code) == (403, 20403)


def test_scheme_in_any_case_and_passwords_with_colons() -> None:
    assert parse_basic("bASIC  " + b64encode("a:b:c é".encode()).decode()) == ("a", "b:c é")


@given(st.text())
def test_arbitrary_headers_are_read_without_exceptions(header: str) -> None:
    parse_basic(header)
    parse_basic("Basic " + header)
