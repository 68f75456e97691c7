"""Participants of a conversation: members by SID or identity, guests by SID."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from starlette.responses import Response

from chatcore.commands.chat import Chat
from chatcore.commands.guests import GuestDraft, GuestPatch
from chatcore.commands.members import MemberPatch
from chatcore.commands.membership import MemberDraft
from chatcore.domain import limits
from chatcore.domain.errors import ChatError, Code
from chatcore.domain.guests import Guest
from chatcore.domain.ids import ChannelSid
from chatcore.domain.model import UNSET, Channel, Unset, given
from chatcore.domain.participants import Participant
from gateway.http.call import Call, Handler
from gateway.http.errors import missing_parameter
from gateway.http.forms import Form
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route
from gateway.rest.listing import dated_list
from gateway.rest.parameters import date_created, date_updated, role_sid

from . import present_conversations as present
from .parameters import last_read_index, last_read_timestamp
from .place import Place, both_forms, enter_conversation

PAGE_MAX: Final = 100
ADDRESS: Final = "MessagingBinding.Address"
PROXY_ADDRESS: Final = "MessagingBinding.ProxyAddress"
PROJECTED_ADDRESS: Final = "MessagingBinding.ProjectedAddress"


class Participants:
    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def routes(self) -> list[Route[Handler]]:
        many = "Conversations/{conversation}/Participants"
        one = many + "/{participant}"
        return [
            *both_forms("POST", many, self.create),
            *both_forms("GET", many, self.list),
            *both_forms("GET", one, self.fetch),
            *both_forms("POST", one, self.update),
            *both_forms("DELETE", one, self.delete),
        ]

    async def create(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        form = await call.form()
        participant = await self._add(place, channel.sid, form)
        return created(present.participant(place, participant))

    async def list(self, call: Call) -> Response:
        place, channel = await enter_conversation(self._chat, call)
        return await dated_list(
            call.query(),
            key="participants",
            url=place.url("Conversations", channel.sid, "Participants"),
            fetch=lambda window: self._chat.participants.list(place.actor, channel.sid, window),
            present=lambda participant: present.participant(place, participant),
            maximum=PAGE_MAX,
        )

    async def fetch(self, call: Call) -> Response:
        place, _, participant = await self._find(call)
        return json_response(present.participant(place, participant))

    async def update(self, call: Call) -> Response:
        place, channel, held = await self._find(call)
        form = await call.form()
        changed: Participant
        if isinstance(held, Guest):
            patch = _guest_patch(form)
            changed = await self._chat.guests.update(place.webhook_actor, channel.sid, held.sid, patch)
        else:
            identity, changes = _member_patch(form)
            changed = await self._chat.participants.update(
                place.webhook_actor, channel.sid, held.sid, changes, identity=identity
            )
        return json_response(present.participant(place, changed))

    async def delete(self, call: Call) -> Response:
        place, channel, participant = await self._find(call)
        room = self._chat.guests if isinstance(participant, Guest) else self._chat.members
        await room.remove(place.webhook_actor, channel.sid, participant.sid)
        return deleted()

    async def _find(self, call: Call) -> tuple[Place, Channel, Participant]:
        place, channel = await enter_conversation(self._chat, call)
        return place, channel, await self._chat.participants.get(place.actor, channel.sid, call.params["participant"])

    async def _add(self, place: Place, channel_sid: ChannelSid, form: Form) -> Participant:
        identity, address = form.text("Identity"), form.text(ADDRESS)
        if isinstance(identity, str) and (identity or isinstance(address, Unset)):
            identity = limits.identity(identity)
            _refuse_binding(form, Code.PARTICIPANT_IDENTITY_WITH_ADDRESS)
            made, changed, attributes = date_created(form), date_updated(form), form.attributes()
            draft = MemberDraft(role_sid=role_sid(form), attributes=attributes, date_created=made, date_updated=changed)
            return await self._chat.members.add(place.webhook_actor, channel_sid, identity, draft)
        if isinstance(address, Unset):
            raise missing_parameter("Identity")
        return await self._chat.guests.add(place.webhook_actor, channel_sid, _guest_draft(form, address))


def _refuse_binding(form: Form, code: Code) -> None:
    """For a participant that has an identity."""
    for name in (ADDRESS, PROXY_ADDRESS, PROJECTED_ADDRESS):
        if given(form.text_or_none(name), None) is not None:
            raise ChatError(code, f"A participant with an identity has no {name}")


def _guest_draft(form: Form, address: str) -> GuestDraft:
    draft = GuestDraft(
        address=address,
        proxy_address=given(form.text(PROXY_ADDRESS), None),
        projected_address=given(form.text_or_none(PROJECTED_ADDRESS), None),
    )
    assert draft.binding, "it raises for addresses that cannot be"
    made, changed, attributes = date_created(form), date_updated(form), form.attributes()
    return replace(draft, date_created=made, date_updated=changed, attributes=attributes, role_sid=role_sid(form))


def _guest_patch(form: Form) -> GuestPatch:
    if given(form.text_or_none("Identity"), None) is not None:
        raise ChatError(Code.PARTICIPANT_IDENTITY_WITH_ADDRESS, "A participant with an address has no identity")
    proxy, projected = form.text(PROXY_ADDRESS), form.text_or_none(PROJECTED_ADDRESS)
    made, changed, attributes, role = date_created(form), date_updated(form), form.attributes(), role_sid(form)
    return GuestPatch(
        proxy_address=proxy,
        projected_address=projected,
        date_created=made,
        date_updated=changed,
        attributes=attributes,
        role_sid=role,
        last_read_message_index=last_read_index(form),
        last_read_timestamp=last_read_timestamp(form),
    )


def _member_patch(form: Form) -> tuple[str | None, MemberPatch]:
    """The identity that takes the place, and what changes."""
    text = form.text("Identity")
    identity = None if text is UNSET else limits.identity(text)
    _refuse_binding(form, Code.GUEST_PARAMETER_UNSUPPORTED)
    made, changed, attributes, role = date_created(form), date_updated(form), form.attributes(), role_sid(form)
    patch = MemberPatch(
        date_created=made,
        date_updated=changed,
        attributes=attributes,
        role_sid=role,
        last_consumed_message_index=last_read_index(form),
        last_consumption_timestamp=last_read_timestamp(form),
    )
    return identity, patch
