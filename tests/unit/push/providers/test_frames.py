from __future__ import annotations

import pytest

from push.providers import frames
from push.providers.frames import FrameReader, PeerError, frame

CUT = [1, 2, 5, 9, 10, 1000]


@pytest.mark.parametrize("size", CUT)
def test_frames_may_arrive_in_pieces(size: int) -> None:
    sent = [(frames.DATA, 0, 1, b"abc"), (frames.PING, 0, 0, bytes(8)), (frames.DATA, 1, 3, b"")]
    data = b"".join(frame(*each) for each in sent)
    reader = FrameReader()
    heard = [each for at in range(0, len(data), size) for each in reader.read(data[at : at + size])]
    assert heard == sent


def test_header_blocks_come_whole() -> None:
    padded = frames.PADDED | frames.PRIORITY | frames.END_STREAM
    data = (
        frame(frames.HEADERS, padded, 1, b"\x02" + bytes(5) + b"abpp")
        + frame(frames.CONTINUATION, 0, 1, b"cd")
        + frame(frames.CONTINUATION, frames.END_HEADERS, 1, b"ef")
    )
    ((kind, flags, stream, block),) = FrameReader().read(data)
    assert (kind, stream, block) == (frames.HEADERS, 1, b"abcdef")
    assert flags & frames.END_STREAM


def test_long_header_blocks_are_continued() -> None:
    data = frames.headers(5, frames.END_STREAM, b"x" * 1000, 300)
    ((kind, flags, stream, block),) = FrameReader().read(data)
    assert (kind, flags & frames.END_STREAM, stream, block) == (frames.HEADERS, frames.END_STREAM, 5, b"x" * 1000)
    assert len(data) == 1000 + 4 * 9


@pytest.mark.parametrize(
    "data",
    [
        frame(frames.CONTINUATION, frames.END_HEADERS, 1, b""),
        frame(frames.HEADERS, 0, 1, b"a") + frame(frames.DATA, 0, 1, b""),
        frame(frames.HEADERS, 0, 1, b"a") + frame(frames.CONTINUATION, frames.END_HEADERS, 3, b""),
        frame(frames.HEADERS, frames.PADDED | frames.END_HEADERS, 1, b"\x05ab"),
        frame(frames.HEADERS, frames.PADDED | frames.END_HEADERS, 1, b""),
        b"\x00\x40\x01\x00\x00\x00\x00\x00\x01",
        frame(frames.HEADERS, 0, 1, b"a") + frame(frames.CONTINUATION, 0, 1, b"x" * 16384) * 4,
    ],
)
def test_broken_frames_are_the_peers_fault(data: bytes) -> None:
    with pytest.raises(PeerError):
        list(FrameReader().read(data))


@pytest.mark.parametrize("payload", [b"", b"abc", b"abcde"])
def test_words_have_four_bytes(payload: bytes) -> None:
    with pytest.raises(PeerError):
        frames.word_of(payload)


def test_goaway_and_settings_have_their_lengths() -> None:
    with pytest.raises(PeerError):
        frames.last_and_code(b"1234567")
    with pytest.raises(PeerError):
        frames.settings(b"12345")
