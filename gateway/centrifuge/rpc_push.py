"""RPC methods on the client's device."""

from __future__ import annotations

from chatcore.commands.devices import DeviceDraft

from . import params as p
from .room_services import RoomServices
from .session import Session


async def register(services: RoomServices, session: Session, params: p.PushRegister) -> str:
    """For all kinds of pushes. Endpoint and credential are those of the token, unless the client names others."""
    draft = DeviceDraft(
        type=params.type,
        address=params.token,
        endpoint=params.endpoint or session.grant.endpoint_id,
        credential_sid=params.credential_sid or session.grant.push_credential_sid,
    )
    binding = await services.chat.devices.register(session.actor, draft)
    return f'{{"binding_sid":"{binding.sid}"}}'


async def unregister(services: RoomServices, session: Session, params: p.PushDevice) -> str:
    await services.chat.devices.unregister_address(session.actor, params.type, params.token)
    return "{}"
