from __future__ import annotations

import pytest

from gateway.http.urls import Origin
from gateway.rest.product import Product, resolve

CHAT, IPM, CONVERSATIONS, MEDIA = Product.CHAT, Product.IP_MESSAGING, Product.CONVERSATIONS, Product.MEDIA


def origin(authority: str, *, fixed: bool = False) -> Origin:
    return Origin(scheme="https", authority=authority, fixed=fixed)


def find(authority: str, path: str, public: str | None = None) -> tuple[Product, str, str] | None:
    arrived = origin(authority)
    parts = tuple(path.strip("/").split("/")) if path.strip("/") else ()
    target = resolve(arrived, arrived if public is None else origin(public, fixed=True), parts)
    return None if target is None else (Product(target.product), target.mount, "/" + "/".join(target.segments))


@pytest.mark.parametrize(
    ("host", "product"),
    [
        ("chat.twilio.com", CHAT),
        ("CHAT.Twilio.com:443", CHAT),
        ("chat.us1.twilio.com", CHAT),
        ("chat.sydney.au1.twilio.com", CHAT),
        ("chat.example.org", CHAT),
        ("ip-messaging.twilio.com", IPM),
        ("conversations.twilio.com", CONVERSATIONS),
        ("conversations.example.org:8443", CONVERSATIONS),
        ("mcs.us1.twilio.com", MEDIA),
    ],
)
def test_the_host_decides_first(host: str, product: Product) -> None:
    assert find(host, "/v1/Services") == (product, "", "/v1/Services")
    assert find(host, "/v1/Conversations") == (product, "", "/v1/Conversations")


@pytest.mark.parametrize(
    ("path", "product", "rest"),
    [
        ("/chat/v2/Services", CHAT, "/v2/Services"),
        ("/ip-messaging/v1/Services", IPM, "/v1/Services"),
        ("/conversations/v1/Services", CONVERSATIONS, "/v1/Services"),
        ("/mcs/v1/Services/ISx/Media", MEDIA, "/v1/Services/ISx/Media"),
    ],
)
def test_a_prefix_decides_on_a_bare_host(path: str, product: Product, rest: str) -> None:
    assert find("localhost:8080", path) == (product, f"/{product}", rest)


@pytest.mark.parametrize(
    ("path", "product"),
    [
        ("/v2/Services", CHAT),
        ("/v2/Credentials", CHAT),
        ("/v3/Services/ISx/Channels/CHx", CHAT),
        ("/v1/Services", CHAT),
        ("/v1/Services/ISx", CHAT),
        ("/v1/Services/ISx/Channels", CHAT),
        ("/v1/Services/ISx/Users", CHAT),
        ("/v1/Services/ISx/Roles", CHAT),
        ("/v1/Credentials", CHAT),
        ("/v1/conversations", CHAT),
        ("/v1", CHAT),
        ("/v1/Conversations", CONVERSATIONS),
        ("/v1/Conversations/CHx/Messages", CONVERSATIONS),
        ("/v1/ConversationWithParticipants", CONVERSATIONS),
        ("/v1/Configuration", CONVERSATIONS),
        ("/v1/Configuration/Webhooks", CONVERSATIONS),
        ("/v1/ParticipantConversations", CONVERSATIONS),
        ("/v1/Roles/RLx", CONVERSATIONS),
        ("/v1/Users/USx/Conversations", CONVERSATIONS),
        ("/v1/Services/ISx/Conversations/CHx", CONVERSATIONS),
        ("/v1/Services/ISx/ConversationWithParticipants", CONVERSATIONS),
        ("/v1/Services/ISx/Configuration/Notifications", CONVERSATIONS),
        ("/v1/Services/ISx/ParticipantConversations", CONVERSATIONS),
        ("/v1/Services/ISx/Bindings/BSx", CONVERSATIONS),
        ("/v1/Services/ISx/Media", MEDIA),
        ("/v1/Services/ISx/Media/MEx/Content", MEDIA),
        ("/v1/Services/ISx/MediaSet", MEDIA),
    ],
)
@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080", "chatter.example.org"])
def test_else_the_path_decides(host: str, path: str, product: Product) -> None:
    assert find(host, path) == (product, "", path)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("localhost", "/"),
        ("localhost", "/v4/Services"),
        ("localhost", "/V2/Services"),
        ("localhost", "/Chat/v2/Services"),
        ("localhost", "/sync/v1/Services"),
        ("localhost", "/chat"),
        ("api.twilio.com", "/v2/Services"),
        ("sync.us1.twilio.com", "/v1/Services"),
        ("video.twilio.com", "/v1/Services"),
        ("notify.example.org", "/v1/Services"),
        ("api.example.org", "/chat/v2/Services"),
    ],
)
def test_nothing_else_is_a_product(host: str, path: str) -> None:
    assert find(host, path) is None


@pytest.mark.parametrize(
    ("host", "path", "resource"),
    [
        ("localhost", "/v2/Services/ISx/Channels/a b", "/Services/ISx/Channels/a b"),
        ("localhost", "/ip-messaging/v1/Services/ISx", "/Services/ISx"),
        ("localhost", "/v1/Conversations/CHx", "/v1/Conversations/CHx"),
        ("conversations.twilio.com", "/v1/Services/ISx", "/v1/Services/ISx"),
        ("localhost", "/conversations/v1/Services/ISx", "/v1/Services/ISx"),
    ],
)
def test_not_found_words_the_path_as_the_product_does(host: str, path: str, resource: str) -> None:
    target = resolve(origin(host), origin(host), tuple(path.strip("/").split("/")))
    assert target is not None
    assert target.resource == resource


@pytest.mark.parametrize(
    ("host", "path", "public", "mount"),
    [
        ("inner:8080", "/v2/Services", "example.org", ""),
        ("inner:8080", "/chat/v2/Services", "example.org", "/chat"),
        ("conversations.twilio.com", "/v1/Services", "example.org", "/conversations"),
        ("conversations.twilio.com", "/v1/Services", "conversations.example.org", ""),
        ("inner:8080", "/chat/v2/Services", "chat.example.org", ""),
        ("inner:8080", "/v1/Conversations", "chat.example.org", "/conversations"),
    ],
)
def test_a_fixed_public_url_keeps_meaning_the_same_product(host: str, path: str, public: str, mount: str) -> None:
    found = find(host, path, public)
    assert found is not None
    assert found[1] == mount
