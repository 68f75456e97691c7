"""Which product a request means.

The helper libraries address one host per product and name the product nowhere else, and `/v1/Services` is Chat or
Conversations with different shapes: so the product is decided before routing, by host, else by a prefix of the
path, else by the path itself.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.http.call import Target
from gateway.http.urls import Origin, host_of


class Product(StrEnum):
    """Each value is the product's host label and, after a slash, its prefix mount."""

    CHAT = "chat"
    IP_MESSAGING = "ip-messaging"
    CONVERSATIONS = "conversations"
    MEDIA = "mcs"


FOREIGN_LABELS = frozenset({"api", "sync", "notify"})
"""Labels of products this server does not offer, refused on any domain; below twilio.com every other label is."""

_CONVERSATIONS_ROOTS = frozenset(
    {"Conversations", "ConversationWithParticipants", "Configuration", "ParticipantConversations", "Roles", "Users"}
)
_CONVERSATIONS_OF_SERVICE = frozenset(
    {"Conversations", "ConversationWithParticipants", "Configuration", "ParticipantConversations", "Bindings"}
)
_MEDIA_OF_SERVICE = frozenset({"Media", "MediaSet"})


def resolve(arrived: Origin, public: Origin, path: tuple[str, ...]) -> Target | None:
    """The product and the rest of the path; None where no product is meant.

    `arrived` is where the request came in and decides; `public` is where generated URLs begin.
    """
    product, mounted = _product(arrived.label), ""
    if product is None:
        if _foreign(arrived):
            return None
        if path and (prefixed := _product(path[0])) is not None:
            product, mounted, path = prefixed, f"/{prefixed}", path[1:]
        else:
            product = _by_path(path)
    if product is None or not path:
        return None
    shown = path[1:] if product in (Product.CHAT, Product.IP_MESSAGING) else path
    return Target(
        product=product,
        mount=_mount(product, mounted, arrived, public),
        segments=path,
        resource="/" + "/".join(shown),
    )


def _product(name: str) -> Product | None:
    try:
        return Product(name)
    except ValueError:
        return None


def _foreign(origin: Origin) -> bool:
    return origin.label in FOREIGN_LABELS or host_of(origin.authority).endswith(".twilio.com")


def _by_path(path: tuple[str, ...]) -> Product | None:
    match path:
        case ("v2" | "v3", *_):
            return Product.CHAT
        case ("v1", "Services", _, part, *_) if part in _CONVERSATIONS_OF_SERVICE:
            return Product.CONVERSATIONS
        case ("v1", "Services", _, part, *_) if part in _MEDIA_OF_SERVICE:
            return Product.MEDIA
        case ("v1", root, *_) if root in _CONVERSATIONS_ROOTS:
            return Product.CONVERSATIONS
        case ("v1", *_):
            return Product.CHAT
    return None


def _mount(product: Product, mounted: str, arrived: Origin, public: Origin) -> str:
    """What must stand before the version for a generated URL to mean the same product again."""
    announced = _product(public.label)
    if announced is product:
        return ""
    if announced is not None or _product(arrived.label) is not None:
        return f"/{product}"
    return mounted
