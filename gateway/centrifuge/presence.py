"""Who is connected to a topic, asked of the nodes that hold it: no per-channel state is stored anywhere."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec

from chatcore.domain.events import Topic
from gateway.hub.hub import Hub

from .messages import ClientInfo
from .room_services import Ask
from .session import Session

logger = logging.getLogger(__name__)
QUESTION = b"presence"
PATIENCE = 0.2  # seconds; who has not answered by then does not count


async def gather(ask: Ask, topic: Topic) -> Mapping[str, ClientInfo]:
    """Live connections by client id."""
    found: dict[str, ClientInfo] = {}
    for answer in await ask(topic, QUESTION, patience=PATIENCE):
        for client, user, info in msgspec.json.decode(answer, type=list[tuple[str, str, msgspec.Raw]]):
            conn_info = bytes(info)
            found[client] = ClientInfo(user=user, client=client, conn_info=b"" if conn_info == b"null" else conn_info)
    return found


def answer(hub: Hub, topic: Topic, question: bytes) -> bytes | None:
    """This node's part."""
    room = hub.rooms.get(topic)
    if question != QUESTION or room is None:
        return None
    here = {reader for links in room.readers.values() for reader in links.values()} | set(room.listeners)
    infos = [session.info() for session in here if isinstance(session, Session) and reads(session, topic)]
    return msgspec.json.encode([(i.client, i.user, msgspec.Raw(i.conn_info or b"null")) for i in infos])


def reads(session: Session, topic: Topic) -> bool:
    """Subscribed, not merely told of activity."""
    return topic in session.topics or any(s.topic == topic for s in session.subscriptions.rooms.values())
