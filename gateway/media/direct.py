"""What signed links lead to: the content of a file, and the place where an announced one is brought."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from chatcore.domain.errors import ChatError
from gateway.http.forms import parse_query
from gateway.http.responses import deleted

from . import content
from .links import Use
from .room import MediaRoom
from .uploads import body, too_large


class DirectMedia:
    """No credentials: the link is all that is asked for."""

    def __init__(self, room: MediaRoom) -> None:
        self._room = room

    def routes(self) -> list[Route]:
        return [
            Route(f"/{Use.CONTENT}/{{sid}}", self.content, methods=["GET"]),
            Route(f"/{Use.UPLOAD}/{{sid}}", self.upload, methods=["PUT", "POST"]),
        ]

    async def content(self, request: Request) -> Response:
        expires_at = self._check(Use.CONTENT, request)
        file = await self._room.media.linked(request.path_params["sid"])
        left = max(0, int((expires_at - self._room.clock.now()).total_seconds()))
        return await content.answer(self._room.media, file, request, cache=f"private, max-age={left}, immutable")

    async def upload(self, request: Request) -> Response:
        """204. The body is the file, whatever its headers call it: that was said when it was announced."""
        self._check(Use.UPLOAD, request)
        sid = request.path_params["sid"]
        try:
            await self._room.media.check_announced(sid, _length(request))
            await self._room.media.fill(sid, body(request))
        except ClientDisconnect:
            return Response(status_code=400)  # which nobody will read
        except ChatError as error:
            raise too_large(error) from None
        return deleted()

    def _check(self, use: Use, request: Request) -> datetime:
        query = parse_query(request.scope.get("query_string", b""))
        return self._room.links.check(use, request.path_params["sid"], query)


def _length(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else None
