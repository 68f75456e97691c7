"""Access tokens of a service account (OAuth 2.0, RFC 7523), one per credential and process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final, cast

import google.auth.exceptions
import requests
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from .outcomes import CredentialBad, Outcome, Scope, TryLater

logger = logging.getLogger(__name__)

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
EARLY: Final = 300.0
"""Seconds before its end that a token is renewed."""
FORCED: Final = 60.0
"""Between two renewals that the provider's refusal asks for, at least."""
AFTER_FAILURE: Final = 10.0
_TIMEOUT: Final = 10.0
_BAD: Final = frozenset({"invalid_grant", "invalid_client", "unauthorized_client"})


class AccessToken:
    """The token of one service account. All who need it wait for the same request."""

    def __init__(self, credentials: service_account.Credentials, ca_file: Path | None) -> None:
        self._credentials = credentials
        self._ca_file = ca_file
        self._text = ""
        self._ends = 0.0  # by the loop's clock
        self._forced_at: float | None = None
        self._failure: Outcome | None = None
        self._failed_at = 0.0
        self._renewal: asyncio.Task[None] | None = None

    @property
    def text(self) -> str | None:
        """One that is good for now, without waiting. Renews it in the background when its end is near."""
        left = self._ends - asyncio.get_running_loop().time()
        if left < EARLY and self._text:
            self._renew()
        return self._text if left > 0 else None

    async def get(self) -> str | Outcome:
        """Or why there is none."""
        if (text := self.text) is not None:
            return text
        renewal = self._renew()
        if renewal is not None:
            await asyncio.wait([renewal])
        return self.text or self._failure or TryLater(reason="no access token", after=AFTER_FAILURE)

    async def another(self, refused: str) -> str | None:
        """After the provider refused a token: a fresh one, or None when one was fetched for this reason just now."""
        if self._text != refused:
            return self.text
        now = asyncio.get_running_loop().time()
        if self._renewal is None:
            if self._forced_at is not None and now - self._forced_at < FORCED:
                return None
            self._forced_at = now
            self._failure = None
        renewal = self._renew()
        if renewal is not None:
            await asyncio.wait([renewal])
        return self._text if self._text != refused else None

    async def aclose(self) -> None:
        """A request under way is not waited for."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait([self._renewal])

    def _renew(self) -> asyncio.Task[None] | None:
        """The renewal under way; None shortly after one has failed."""
        loop = asyncio.get_running_loop()
        if self._renewal is None:
            if self._failure is not None and loop.time() - self._failed_at < AFTER_FAILURE:
                return None
            self._renewal = loop.create_task(self._fetch(loop), name="access token")
        return self._renewal

    async def _fetch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Owned by this object; ends without raising, but for cancellation."""
        begun = loop.time()
        try:
            seconds = await asyncio.to_thread(_refresh, self._credentials, self._ca_file)
            self._text, self._ends, self._failure = cast(str, self._credentials.token), begun + seconds, None
        except Exception as error:
            self._failed_at = loop.time()
            self._failure = judged(error)
            logger.warning("No access token: %s", self._failure.reason, extra={"action": "access_token_failed"})
        finally:
            self._renewal = None


def _refresh(credentials: service_account.Credentials, ca_file: Path | None) -> float:
    """In a thread of its own: the library blocks. Returns the seconds that the token is good for."""
    with requests.Session() as session:
        if ca_file is not None:
            session.trust_env = False  # or the environment's authorities would beat ours
            session.verify = str(ca_file)
        ask: Callable[..., object] = partial(Request(session), timeout=_TIMEOUT)
        credentials.refresh(ask)  # type: ignore[no-untyped-call]  # the library has few types
    if not credentials.token or credentials.expiry is None:
        raise ValueError("the answer has no token or no end")
    ends: datetime = credentials.expiry.replace(tzinfo=UTC)
    return (ends - datetime.now(UTC)).total_seconds()


def judged(error: Exception) -> CredentialBad | TryLater:
    if isinstance(error, google.auth.exceptions.RefreshError):
        body = error.args[1] if len(error.args) > 1 else None
        name = body.get("error") if isinstance(body, dict) else None
        if isinstance(name, str) and name in _BAD:
            return CredentialBad(name)
    if isinstance(error, google.auth.exceptions.MalformedError):
        return CredentialBad("the service account cannot sign")
    why = f"access token: {type(error).__name__}"
    return TryLater(reason=why, after=AFTER_FAILURE, scope=Scope.CREDENTIAL, counts=False)
