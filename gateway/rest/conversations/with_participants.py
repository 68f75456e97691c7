"""A conversation and its first participants in one request."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.conversations import NewMember
from chatcore.commands.guests import GuestDraft
from chatcore.commands.membership import MemberDraft
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.model import UNSET, Unset, given
from gateway.http.call import Call, Handler
from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.responses import json_response
from gateway.http.router import Route

from . import present_conversations as present
from .conversations import draft as conversation_draft
from .place import both_forms, enter

PARTICIPANTS_MAX: Final = 10
CREATED, ACCEPTED = 201, 202


class _Binding(msgspec.Struct):
    address: str | None = None
    proxy_address: str | None = None
    projected_address: str | None = None


class _Participant(msgspec.Struct):
    """The parameters of a participant, in snake case."""

    identity: str | None = None
    messaging_binding: _Binding | str | None = None
    attributes: str | None = None
    role_sid: str | None = None


_participant = msgspec.json.Decoder(_Participant).decode
_binding = msgspec.json.Decoder(_Binding).decode


class WithParticipants:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        return both_forms("POST", "ConversationWithParticipants", self.create)

    async def create(self, call: Call) -> Response:
        place = await enter(self._chat, call)
        form = await call.form()
        wanted = conversation_draft(form)
        participants = [_read(text) for text in given(form.texts("Participant"), ())]
        if len(participants) > PARTICIPANTS_MAX:
            raise HttpError(400, INVALID_PARAMETER, f"Participant may be given {PARTICIPANTS_MAX} times")
        channel = await self._chat.conversations.create(place.webhook_actor, wanted, participants)
        return json_response(present.conversation(place, channel), ACCEPTED if participants else CREATED)


def _read(text: str) -> NewMember | GuestDraft:
    try:
        wanted = _participant(text)
        binding = wanted.messaging_binding
        if isinstance(binding, str):  # an object as text, or nothing but the address
            binding = _binding(binding) if binding.startswith("{") else _Binding(address=binding)
    except msgspec.DecodeError as error:
        raise HttpError(400, INVALID_PARAMETER, f"Participant is not an object as it should be: {error}") from None
    return _member(wanted) if binding is None else _guest(wanted, binding)


def _member(wanted: _Participant) -> NewMember:
    if wanted.identity is None:
        raise HttpError(400, INVALID_PARAMETER, "Participant needs an identity or a messaging_binding")
    draft = MemberDraft(role_sid=_or_unset(wanted.role_sid), attributes=_or_unset(wanted.attributes))
    return NewMember(identity=wanted.identity, draft=draft)


def _guest(wanted: _Participant, binding: _Binding) -> GuestDraft:
    if wanted.identity is not None:
        raise ChatError(Code.PARTICIPANT_IDENTITY_WITH_ADDRESS, "A participant has an identity or an address, not both")
    if binding.address is None:
        raise HttpError(400, INVALID_PARAMETER, "messaging_binding needs an address")
    return GuestDraft(
        address=binding.address,
        proxy_address=binding.proxy_address,
        projected_address=binding.projected_address,
        role_sid=_or_unset(wanted.role_sid),
        attributes=_or_unset(wanted.attributes),
    )


def _or_unset(text: str | None) -> str | Unset:
    return UNSET if text is None else text
