"""Why a supervisor gives up."""

from __future__ import annotations


class SupervisorError(Exception):
    """The product cannot be started; the message says why and what to do."""
