"""What `CHAT_MEDIA_URL` says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit


class Links(StrEnum):
    """Who serves the temporary links of files."""

    STORE = "store"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Folder:
    path: Path


@dataclass(frozen=True, slots=True)
class Bucket:
    """`url` without the options that are ours."""

    url: str
    links: Links


def parse(url: str) -> Folder | Bucket:
    """Raises ValueError, without repeating the URL, which may hold a password."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        if parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
            raise ValueError("file:// needs an absolute path, as in file:///var/lib/chat/media")
        # A `?` or `#` is part of the name here: only an object store has options.
        return Folder(Path(unquote(url.removeprefix("file://").removeprefix(parts.netloc))))
    if not parts.netloc:
        raise ValueError("the bucket or container is missing")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    links = options.pop("links", Links.STORE)
    if options or parts.fragment:
        raise ValueError("the only option is ?links=store or ?links=gateway; others are environment variables")
    try:
        return Bucket(urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")), Links(links))
    except ValueError:
        raise ValueError("links must be store or gateway") from None
