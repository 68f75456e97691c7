"""The read side of a connection: nobody's input keeps the others waiting.

Theory of operation. What the kernel hands over at once, up to 256 KiB, is parsed in portions. The smallest frames have
6 bytes and cost some 15 µs each, so that much of them would stop the node for most of a second. After FLURRY frames
the others have a turn; a portion that holds more than that by itself is nothing any client has to say, and is followed
by a rest, and after FLURRIES of them in a row by the end. Large messages are few frames and pass in one turn.

Two have a say in whether the socket is read: the peer (`paused`), and this (`resting`).
"""

from __future__ import annotations

import asyncio
from typing import Final

from .close import Close
from .outbound import Flusher, Outbound

PORTION: Final = 4096
"""Bytes."""

FLURRY: Final = 128
"""Frames of one turn."""

FLURRIES: Final = 20

REST: Final = 0.1
"""Seconds: a connection with nothing but the smallest frames gets a tenth of the processor."""


class Inbound(Outbound):
    """Adds reading to the queue of a connection."""

    __slots__ = ("flurries", "paused", "resting", "unread")

    def __init__(self, flusher: Flusher, limit: int) -> None:
        super().__init__(flusher, limit)
        self.paused = False  # at the peer's wish
        self.resting: asyncio.Handle | None = None  # set while it waits for its next turn
        self.unread: bytes | None = None  # for that
        self.flurries = 0  # without a calmer portion in between

    def parse(self, data: bytes) -> int:
        """Take this in; returns the number of frames that ended in it, or -1 when nothing more is to be parsed."""
        raise NotImplementedError

    def read(self, data: bytes) -> None:
        if self.resting is not None:  # TLS hands over what it has decrypted, whether reading is paused or not
            self.unread = data if self.unread is None else self.unread + data
            return
        at = frames = 0
        while at < len(data):
            fresh = self.parse(data[at : at + PORTION])
            if fresh < 0:
                return
            at += PORTION
            frames += fresh
            if frames > FLURRY:
                self._rest(data[at:], REST if fresh > FLURRY else 0.0)
                return
            self.flurries = 0

    def _rest(self, unread: bytes, seconds: float) -> None:
        if self.transport.is_closing():
            return
        if seconds:
            self.flurries += 1
            if self.flurries > FLURRIES:
                self.close(*Close.TOO_MANY_REQUESTS.value)
        self.unread = unread or None
        self.transport.pause_reading()
        loop = asyncio.get_running_loop()
        self.resting = loop.call_later(seconds, self._go_on) if seconds else loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        self.resting = None
        data, self.unread = self.unread, None
        if data is not None:
            self.read(data)
        if self.resting is None and not self.paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def stop_reading(self) -> None:
        self.paused = True
        self.transport.pause_reading()

    def start_reading(self) -> None:
        self.paused = False
        if self.resting is None and not self.transport.is_closing():
            self.transport.resume_reading()

    def forget(self) -> None:
        """The socket is gone."""
        self.unread = None
        if self.resting is not None:
            self.resting.cancel()
            self.resting = None
