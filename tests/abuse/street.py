"""Where neighbours live, as far as abusers have to know it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.e2e.tokens import access_token


@dataclass(frozen=True, slots=True)
class Street:
    """`sid` is of the room of the neighbours."""

    sid: str
    suffix: str

    def identity(self, name: str) -> str:
        """One that nobody has who does not live here."""
        return f"{name}-{self.suffix}"

    def token(self, name: str) -> str:
        return access_token(self.identity(name))
