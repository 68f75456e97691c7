from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from gateway.sockets.frames import PING_FRAME, frame, is_ping


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
@pytest.mark.parametrize("text", [True, False])
def test_frames_are_those_of_the_library(size: int, text: bool) -> None:
    payload = b"x" * size
    assert frame(payload, text) == Frame(Opcode.TEXT if text else Opcode.BINARY, payload).serialize(mask=False)


def test_only_protocol_pings_are_pings() -> None:
    assert Frame(Opcode.PING, b"").serialize(mask=False) == PING_FRAME
    assert is_ping(PING_FRAME)
    assert is_ping(Frame(Opcode.PING, b"abc").serialize(mask=False))
    assert not is_ping(frame(b"{}", True))
    assert not is_ping(b"")
