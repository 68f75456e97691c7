"""Files as REST resources. The same handlers serve servers and clients: commands decide what each may see."""

from __future__ import annotations

from typing import Literal

import msgspec
from starlette.responses import Response

from chatcore.domain.errors import ChatError
from chatcore.domain.media import MediaFile
from chatcore.domain.model import Actor
from gateway.http.call import Call, Handler
from gateway.http.errors import INVALID_PARAMETER, HttpError
from gateway.http.forms import MAX_BODY, read_body
from gateway.http.responses import created, deleted, json_response
from gateway.http.router import Route

from . import content
from .callers import actor_of
from .present import record
from .room import MediaRoom
from .uploads import announced_size, read_upload, too_large

SET_MAX = 100
CONTENT_CACHE = "private, max-age=86400, immutable"


class _Wanted(msgspec.Struct):
    media_sid: str


class _Set(msgspec.Struct):
    command: Literal["get"]
    wanted: list[_Wanted] = msgspec.field(name="list")


class MediaResource:
    """`/Services/{service}/Media` and `MediaSet`."""

    def __init__(self, room: MediaRoom) -> None:
        self._room = room

    def routes(self) -> list[Route[Handler]]:
        files = "/v1/Services/{service}/Media"
        return [
            Route("POST", files, self.upload),
            Route("GET", f"{files}/{{media}}", self.fetch),
            Route("DELETE", f"{files}/{{media}}", self.delete),
            Route("GET", f"{files}/{{media}}/Content", self.content),
            Route("POST", "/v1/Services/{service}/MediaSet", self.fetch_set),
        ]

    async def upload(self, call: Call) -> Response:
        actor = await self._actor(call)
        try:
            upload = await read_upload(call.request)
            await self._room.media.check_size(actor, announced_size(call.request))
            file = await self._room.media.upload(actor, upload.draft, upload.chunks)
        except ChatError as error:
            raise too_large(error) from None
        return created(await self._record(call, actor, file))

    async def fetch(self, call: Call) -> Response:
        actor = await self._actor(call)
        file = await self._room.media.get(actor, call.params["media"])
        return json_response(await self._record(call, actor, file))

    async def content(self, call: Call) -> Response:
        file = await self._room.media.get(await self._actor(call), call.params["media"])
        return await content.answer(self._room.media, file, call.request, cache=CONTENT_CACHE)

    async def delete(self, call: Call) -> Response:
        await self._room.media.delete(await self._actor(call), call.params["media"])
        return deleted()

    async def fetch_set(self, call: Call) -> Response:
        """One answer for each SID, in the order asked for."""
        actor = await self._actor(call)
        sids = _set(await read_body(call.request, MAX_BODY))
        answers = []
        for sid, file in zip(sids, await self._room.media.many(actor, sids), strict=True):
            if file is None:
                answers.append({"code": 404, "media_sid": sid})
            else:
                answers.append({"code": 200, "media_record": await self._record(call, actor, file)})
        return json_response(answers)

    async def _actor(self, call: Call) -> Actor:
        return await actor_of(self._room.services, call)

    async def _record(self, call: Call, actor: Actor, file: MediaFile) -> dict[str, object]:
        link = await self._room.content_link(file, _root(call))
        url = call.url("Services", file.service_sid, "Media", file.sid)
        return record(file, actor.account_sid, url=url, content_url=link.url)


def _root(call: Call) -> str:
    """Where the whole server begins, not this API of it."""
    return call.base.removesuffix(f"{call.target.mount}/{call.target.segments[0]}")


def _set(text: bytes) -> list[str]:
    try:
        wanted = msgspec.json.decode(text, type=_Set).wanted
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HttpError(400, INVALID_PARAMETER, f"The body is not a media set: {error}") from None
    if len(wanted) > SET_MAX:
        raise HttpError(400, INVALID_PARAMETER, f"A media set has at most {SET_MAX} entries")
    return [each.media_sid for each in wanted]
