"""Every path of a gateway that is plain HTTP; WebSocket upgrades never get here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from chatcore.auth.keys import Credentials
from chatcore.auth.tokens import KeyLookup, ServiceLookup
from chatcore.commands.chat import Chat
from chatcore.domain.errors import ChatError
from chatcore.ports.clock import Clock
from gateway.health import Readiness, health_routes
from gateway.http.api import Api
from gateway.http.call import Handler
from gateway.http.errors import HttpError, http_exception_handler, refusal_handler, unexpected_handler
from gateway.http.router import Router
from gateway.http.urls import Origins
from gateway.media.callers import TokenCredentials
from gateway.media.direct import DirectMedia
from gateway.media.door import MediaDoor
from gateway.media.resources import MediaResource
from gateway.media.room import MediaRoom
from gateway.metrics import metrics_routes
from gateway.reference.routes import reference_routes
from gateway.rest.chat.routes import Online, ip_messaging_routes, routes
from gateway.rest.conversations import routes as conversations
from gateway.rest.product import Product, resolve
from gateway.token import Accounts, DevelopmentKeys, TokenEndpoint


def build_app(
    *,
    chat: Chat,
    credentials: Credentials,
    keys: KeyLookup,
    services: ServiceLookup,
    accounts: Accounts,
    clock: Clock,
    origins: Origins,
    readiness: Readiness,
    metrics: Callable[[], Awaitable[bytes]],
    online: Online | None = None,
    media: MediaRoom | None = None,
    account_limit: int = 0,
    on_limited: Callable[[], None] = lambda: None,
    development: DevelopmentKeys | None = None,
) -> Starlette:
    """The ASGI application: what has a path of its own, and REST for everything else.

    `online` tells who has a live connection, for users of services with reachability. Without `media` there are no
    files. `development` adds `GET /token`, which asks for no credentials. `account_limit` bounds REST requests in
    flight per account (0 = not), and `on_limited` hears of each one refused. The server must hand over `raw_path`, and
    the scheme and client of the socket itself: `origins` decides what to believe of a proxy.
    """
    products: dict[str, Router[Handler]] = {
        Product.CHAT: Router(routes(chat, online)),
        Product.IP_MESSAGING: Router(ip_messaging_routes(chat, online)),
        Product.CONVERSATIONS: Router(conversations.routes(chat, online)),
        Product.MEDIA: Router(MediaResource(media).routes() if media is not None else []),
    }
    rest = Api(
        resolve=resolve,
        routers=products,
        credentials=credentials,
        origins=origins,
        clock=clock,
        account_limit=account_limit,
        on_limited=on_limited,
    )
    token = TokenEndpoint(
        chat=chat,
        credentials=credentials,
        keys=keys,
        services=services,
        accounts=accounts,
        clock=clock,
        development=development,
    )
    app = Starlette(
        routes=[
            *token.routes(),
            *reference_routes(),
            *(DirectMedia(media).routes() if media is not None else ()),
            *health_routes(readiness),
            *metrics_routes(metrics),
        ],
        exception_handlers={
            HTTPException: http_exception_handler,
            HttpError: refusal_handler,
            ChatError: refusal_handler,
            Exception: unexpected_handler,
        },
    )
    app.router.redirect_slashes = False
    app.router.default = rest
    if media is not None:
        clients = Api(
            resolve=resolve,
            routers={Product.MEDIA: products[Product.MEDIA]},
            credentials=TokenCredentials(media.tokens),
            origins=origins,
            clock=clock,
        )
        app.add_middleware(
            MediaDoor,
            clients=clients,
            resolve=resolve,
            product=Product.MEDIA,
            origins=origins,
            allowed=media.origins,
        )
    return app
