from __future__ import annotations

from typing import Any

import pytest
from google.auth import exceptions

from push.providers.access_tokens import judged
from push.providers.outcomes import CredentialBad, Scope, TryLater

google: Any = exceptions  # Any: their constructors have no types


@pytest.mark.parametrize("name", ["invalid_grant", "invalid_client", "unauthorized_client"])
def test_refusals_of_the_account_speak_against_it(name: str) -> None:
    assert judged(google.RefreshError("text", {"error": name})) == CredentialBad(name)


def test_a_key_that_cannot_sign_speaks_against_the_account() -> None:
    assert isinstance(judged(google.MalformedError("no")), CredentialBad)


@pytest.mark.parametrize(
    "error",
    [
        google.RefreshError("text", {"error": "server_error"}),
        google.RefreshError("text", {"error": {"code": 500}}),
        google.RefreshError("text", ["invalid_grant"]),
        google.RefreshError("text"),
        google.TransportError("away"),
        KeyError("access_token"),
    ],
    ids=repr,
)
def test_everything_else_passes(error: Exception) -> None:
    outcome = judged(error)
    assert isinstance(outcome, TryLater)
    assert (outcome.scope, outcome.counts, outcome.maybe_sent) == (Scope.CREDENTIAL, False, False)
