"""The catalogue of REST documents: one per API and version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .operation import Operation
from .shapes import Shape
from .tables import chat_schemas, chat_v1, chat_v2, conversations, conversations_schemas, media, token


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`name` stands in URLs. `product` is the label of the host, and after a slash the path, that mean the API; empty:
    it needs neither."""

    name: str
    title: str
    version: str
    product: str
    about: str
    operations: Sequence[Operation]
    schemas: Mapping[str, Shape]


_SAME_AS: Final = "The same operations on the same data as {} {}, under the name of its predecessor."
_CHAT_V2: Final = Document(
    name="chat-v2",
    title="Chat",
    version="v2",
    product="chat",
    about="Services, channels, members, messages and what belongs to them.",
    operations=chat_v2.V2,
    schemas=chat_schemas.V2,
)
_CHAT_V1: Final = Document(
    name="chat-v1",
    title="Chat",
    version="v1",
    product="chat",
    about="The first version of Chat. What is made through one version is visible in the other; nothing done here "
    "raises webhooks.",
    operations=chat_v1.V1,
    schemas=chat_schemas.V1,
)
DOCUMENTS: Final[Mapping[str, Document]] = {
    document.name: document
    for document in (
        _CHAT_V2,
        _CHAT_V1,
        Document(
            name="chat-v3",
            title="Chat",
            version="v3",
            product="chat",
            about="Turns channels of Chat into conversations.",
            operations=chat_v2.V3,
            schemas=chat_schemas.V3,
        ),
        Document(
            name="conversations-v1",
            title="Conversations",
            version="v1",
            product="conversations",
            about="Chat in the words of Conversations: a conversation is a private channel, a participant a member. "
            "What is not below a service acts on the account's default one.",
            operations=conversations.V1,
            schemas=conversations_schemas.V1,
        ),
        Document(
            name="media-v1",
            title="Media",
            version="v1",
            product="mcs",
            about="The files that messages carry. Clients send an access token in `X-Twilio-Token` instead of Basic.",
            operations=media.V1,
            schemas=media.V1_SCHEMAS,
        ),
        Document(
            name="ip-messaging-v2",
            title="IP Messaging",
            version="v2",
            product="ip-messaging",
            about=_SAME_AS.format(_CHAT_V2.title, _CHAT_V2.version),
            operations=_CHAT_V2.operations,
            schemas=_CHAT_V2.schemas,
        ),
        Document(
            name="ip-messaging-v1",
            title="IP Messaging",
            version="v1",
            product="ip-messaging",
            about=_SAME_AS.format(_CHAT_V1.title, _CHAT_V1.version),
            operations=_CHAT_V1.operations,
            schemas=_CHAT_V1.schemas,
        ),
        Document(
            name="token",
            title="Access tokens",
            version="v1",
            product="",
            about="For back-ends that have no helper library to make access tokens with.",
            operations=token.OPERATIONS,
            schemas={},
        ),
    )
}
