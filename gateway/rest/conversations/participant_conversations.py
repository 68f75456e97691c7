"""The conversations that somebody takes part in, by identity or by address."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.domain.model import given
from chatcore.domain.paging import Cursor
from chatcore.domain.participants import Participation
from gateway.http.call import Call, Handler
from gateway.http.errors import HttpError, missing_parameter
from gateway.http.router import Route
from gateway.rest.listing import creation, list_by

from . import present_conversations as present
from .place import both_forms, enter

PAGE_MAX: Final = 50
BOTH_GIVEN: Final = 50451


class ParticipantConversations:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        return both_forms("GET", "ParticipantConversations", self.list)

    async def list(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        query = call.query()
        identity = given(query.text_or_none("Identity"), None)
        address = given(query.text_or_none("Address"), None)
        if identity is not None and address is not None:
            raise HttpError(400, BOTH_GIVEN, "Identity and Address cannot be given together")
        if identity is not None:
            fetch = partial(self._chat.participants.of_identity, place.actor, identity)
        elif address is not None:
            fetch = partial(self._chat.participants.of_address, place.actor, address)
        else:
            raise missing_parameter("Identity")
        return await list_by(
            _joining,
            query,
            key="conversations",
            url=place.url("ParticipantConversations"),
            filters=("Identity", "Address"),
            fetch=fetch,
            present=lambda participation: present.participation(place, participation),
            maximum=PAGE_MAX,
        )


def _joining(participation: Participation) -> Cursor:
    return creation(participation.participant)
