"""Which notifications a connection asked for."""

from __future__ import annotations

from typing import Final

from gateway.sdkhttp.notification import MessageType

CONTEXTS_MAX: Final = 16
"""Contexts of one connection; SDKs use one."""

NAME_CHARS: Final = 256
"""Of a context."""

_KNOWN: Final = frozenset(MessageType)


class Wants:
    """What `init` registered for, and what contexts added. Only known types are kept."""

    __slots__ = ("_all", "_contexts", "_registered")

    def __init__(self) -> None:
        self._registered: frozenset[str] = frozenset()
        self._contexts: dict[str, frozenset[str]] | None = None  # only older SDKs have any
        self._all: frozenset[str] = frozenset()

    def __contains__(self, message_type: str) -> bool:
        return message_type in self._all

    def register(self, message_types: frozenset[str]) -> None:
        """What `init` asked for."""
        self._registered = message_types & _KNOWN
        self._sum()

    def put(self, name: str, message_types: frozenset[str]) -> bool:
        """Replaces what was asked for under this name. False, and nothing done: too many names, or too long a one."""
        contexts = self._contexts if self._contexts is not None else {}
        if len(name) > NAME_CHARS or (name not in contexts and len(contexts) >= CONTEXTS_MAX):
            return False
        contexts[name] = message_types & _KNOWN
        self._contexts = contexts
        self._sum()
        return True

    def delete(self, name: str) -> None:
        """Unknown names are ignored."""
        if self._contexts is not None:
            self._contexts.pop(name, None)
            self._sum()

    def _sum(self) -> None:
        self._all = self._registered.union(*self._contexts.values()) if self._contexts else self._registered
