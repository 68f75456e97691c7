"""As much of S3 as the media store uses, in memory: what it was told, and what it keeps."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from tests.support.patience import until

XML = "application/xml"


@dataclass(slots=True)
class Bucket:
    """`failing` makes every request fail; `parts` are those of uploads that are neither complete nor given up."""

    url: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    largest_part: int = 0
    failing: bool = False
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def answer(self, request: Request) -> Response:
        if self.failing:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type=XML)
        key, query = request.url.path, request.query_params
        if "uploads" in query:
            upload = f"upload{next(self._numbers)}"
            self.parts[upload] = {}
            self._remember(key, request)
            return _xml("InitiateMultipartUploadResult", f"<UploadId>{upload}</UploadId>")
        match request.method:
            case "PUT" if "uploadId" in query:
                part = await request.body()
                self.largest_part = max(self.largest_part, len(part))
                self.parts[query["uploadId"]][int(query["partNumber"])] = part
            case "PUT":
                self.objects[key] = await request.body()
                self._remember(key, request)
            case "POST" if "delete" in query:
                names = re.findall(r"<Key>([^<]*)</Key>", (await request.body()).decode())
                for name in names:
                    self.objects.pop(f"{key.rstrip('/')}/{name}", None)
                return _xml("DeleteResult", "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names))
            case "POST":
                parts = self.parts.pop(query["uploadId"])
                self.objects[key] = b"".join(parts[number] for number in sorted(parts))
                return _xml("CompleteMultipartUploadResult", '<ETag>"whole"</ETag>')
            case "DELETE" if "uploadId" in query:
                self.parts.pop(query["uploadId"])
                return Response(status_code=204)
            case "DELETE":
                self.objects.pop(key, None)
                return Response(status_code=204)
            case "GET":
                return self._get(key, request.headers.get("range", ""))
        return Response(headers={"ETag": '"one"'})

    def _remember(self, key: str, request: Request) -> None:
        self.headers[key] = {name: request.headers.get(name, "") for name in ("content-type", "content-disposition")}

    def _get(self, key: str, wanted: str) -> Response:
        whole = self.objects.get(key)
        if whole is None:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type=XML)
        dates = {"ETag": '"one"', "Last-Modified": "Sun, 17 May 2026 12:00:00 GMT"}
        match = re.fullmatch(r"bytes=(\d+)-(\d+)", wanted)
        if match is None:
            return Response(whole, headers=dates)
        start, last = int(match[1]), min(int(match[2]), len(whole) - 1)
        return Response(whole[start : last + 1], 206, {**dates, "Content-Range": f"bytes {start}-{last}/{len(whole)}"})


def _xml(name: str, content: str) -> Response:
    return Response(f"<{name}>{content}</{name}>", media_type=XML)


@contextlib.asynccontextmanager
async def running_bucket() -> AsyncIterator[Bucket]:
    bucket = Bucket()
    app = Starlette()
    app.add_route("/{key:path}", bucket.answer, methods=["GET", "PUT", "POST", "DELETE"])
    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        bucket.url = f"http://127.0.0.1:{port}"
        yield bucket
    finally:
        server.should_exit = True
        await serving
