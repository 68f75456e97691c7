"""The library, pointed at a server of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import twilio
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client


class Library:
    """Of one account. Products are found below their prefixes."""

    def __init__(self, url: str, account: str, secret: str) -> None:
        self.version: str = twilio.__version__
        self._http = TwilioHttpClient()
        self._client = Client(account, secret, http_client=self._http)
        self._client.chat.base_url = f"{url}/chat"
        self._client.ip_messaging.base_url = f"{url}/ip-messaging"

    @property
    def chat(self) -> Any:  # Any: not typed in all versions
        return self._client.chat.v2

    @property
    def chat_v1(self) -> Any:  # Any: not typed in all versions
        return self._client.chat.v1

    @property
    def ip_messaging(self) -> Any:  # Any: not typed in all versions
        return self._client.ip_messaging.v2

    @contextmanager
    def service(self) -> Iterator[Any]:  # Any: not typed in all versions
        """A service of the story's own."""
        made = self.chat.services.create(friendly_name="Story")
        try:
            yield self.chat.services(made.sid)
        finally:
            assert self.chat.services(made.sid).delete() is True

    def close(self) -> None:
        if self._http.session is not None:
            self._http.session.close()


@contextmanager
def refused(status: int, code: int) -> Iterator[None]:
    """What happens inside is refused with that status and code."""
    found = None
    try:
        yield
    except TwilioRestException as error:
        found = error.status, error.code
    assert found == (status, code)


def author(message: Any) -> str:  # Any: not typed in all versions
    """`from` is a word of Python, which versions evade differently."""
    return str(message._from if hasattr(message, "_from") else message.from_)
