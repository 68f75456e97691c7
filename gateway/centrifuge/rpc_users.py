"""RPC methods on users."""

from __future__ import annotations

from collections.abc import Sequence

from chatcore.commands.users import UserDraft
from chatcore.domain import serial
from chatcore.domain.ids import Identity
from chatcore.domain.model import User

from . import params as p
from .room_services import RoomServices
from .session import Session


async def get(services: RoomServices, session: Session, params: p.OfUser) -> str:
    user = await services.chat.users.get(session.actor, params.identity)
    (text,) = await _present(services, session, [user])
    return f'{{"user":{text}}}'


async def list_named(services: RoomServices, session: Session, params: p.OfUsers) -> str:
    users = await _named(services, session, params)
    return f'{{"users":[{",".join(await _present(services, session, users))}]}}'


async def update(services: RoomServices, session: Session, params: p.UserUpdate) -> str:
    draft = UserDraft(friendly_name=p.text(params.friendly_name), attributes=p.attributes(params.attributes))
    key = session.user_sid if params.identity is None else params.identity
    user = await services.chat.users.update(session.actor, key, draft)
    (text,) = await _present(services, session, [user])
    return f'{{"user":{text}}}'


async def watch(services: RoomServices, session: Session, params: p.OfUsers) -> str:
    users = await _named(services, session, params)
    await session.subscriptions.watch([user.sid for user in users])
    return f'{{"users":[{",".join(await _present(services, session, users))}]}}'


async def unwatch(services: RoomServices, session: Session, params: p.OfUsers) -> str:
    users = await _named(services, session, params)
    session.subscriptions.unwatch([user.sid for user in users])
    return "{}"


async def _named(services: RoomServices, session: Session, params: p.OfUsers) -> Sequence[User]:
    p.too_many(params.identities)
    return await services.chat.users.many(session.actor, [Identity(identity) for identity in params.identities])


async def _present(services: RoomServices, session: Session, users: Sequence[User]) -> list[str]:
    """With reachability, where the service enables it."""
    if not session.reachability or not users:
        return [serial.user(user) for user in users]
    identities = [user.identity for user in users]
    online = await services.attendance.online(session.grant.service_sid, identities)
    return [serial.user(user, is_online=online[user.identity]) for user in users]
