"""What every way in to files shares on one node."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chatcore.commands.media import Media
from chatcore.commands.services import Services
from chatcore.domain.media import MediaFile
from chatcore.ports.clock import Clock

from .callers import Verifier
from .links import CONTENT_LIFETIME, Link, SignedLinks, Use


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRoom:
    media: Media
    services: Services
    links: SignedLinks
    tokens: Verifier
    clock: Clock
    origins: Sequence[str] | None
    """Patterns of pages that may ask from a browser; None: all."""

    async def content_link(self, file: MediaFile, base: str) -> Link:
        """Where anybody may get the content for a while: at the store where that hands it out, else below `base`."""
        direct = await self.media.store_link(file, CONTENT_LIFETIME)
        if direct is None:
            return self.links.make(Use.CONTENT, file.sid, base)
        return Link(direct, self.clock.now() + CONTENT_LIFETIME)
