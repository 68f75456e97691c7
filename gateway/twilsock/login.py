"""From a token to a session, and to a renewed one."""

from __future__ import annotations

import uuid

from chatcore.auth.tokens import Grant, TokenError
from chatcore.domain.errors import ChatError
from chatcore.domain.model import Actor
from gateway.sockets.endpoint import Link

from . import errors
from .codec import backoff
from .errors import Refused
from .messages import Init
from .room_services import CONNECTION_LIMIT, RoomServices
from .session import Session
from .wants import Wants


async def log_in(services: RoomServices, link: Link, command: Init, wants: Wants, public_url: str) -> Session:
    """Creates the user if it does not exist. Raises Refused, and ChatError for what passes by itself.

    The caller answers, then begins the session; or closes it if the connection ended meanwhile.
    """
    grant = await _verify(services, command.token)
    actor = Actor(account_sid=grant.account_sid, service_sid=grant.service_sid, identity=grant.identity)
    try:
        service = await services.chat.services.settings(actor)
        user = await services.chat.users.connected(actor, grant.identity, grant.deployment_role_sid)
    except ChatError as error:
        raise error if error.temporary else Refused(errors.of_chat(error)) from None
    connection = uuid.uuid4().hex
    session = Session(services, link, wants=wants, connection=connection, grant=grant, user=user, origin=public_url)
    session.reachability = service.reachability_enabled
    wants.register(frozenset(name for each in command.registrations or () for name in each.message_types))
    entered = await services.attendance.enter(
        session.live, user.sid, limit=CONNECTION_LIMIT, reachability=session.reachability
    )
    if not entered:
        raise Refused(errors.too_many_connections(), backoff(errors.COME_BACK_MS))
    return session


async def renewed(services: RoomServices, session: Session, token: str | None) -> Grant:
    """The grant of another token for the same identity. Raises Refused, and ChatError for what passes by itself."""
    grant = await _verify(services, token)
    held = session.grant
    if (grant.account_sid, grant.service_sid, grant.identity) != (held.account_sid, held.service_sid, held.identity):
        raise Refused(errors.other_identity())
    return grant


async def _verify(services: RoomServices, token: str | None) -> Grant:
    try:
        return await services.tokens.verify(token or "")
    except TokenError as error:
        raise Refused(errors.of_token(error)) from None
