"""What RFC 6455 forbids, over real sockets."""

from __future__ import annotations

import struct

import pytest

from .entrances import DEFLATE, ENTRANCES
from .neighbours import neighbours
from .node import Node
from .raw import CLOSE, CONT, PING, frame

PROTOCOL_ERROR, BAD_TEXT, TOO_BIG = 1002, 1007, 1009


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(struct.pack("!H", code) + reason, CLOSE)


VIOLATIONS = {
    "not masked": (frame(b"{}", masked=False), PROTOCOL_ERROR),
    "reserved bit 2": (frame(b"{}", rsv=2), PROTOCOL_ERROR),
    "reserved bit 3": (frame(b"{}", rsv=1), PROTOCOL_ERROR),
    "compressed control frame": (frame(b"", PING, rsv=4), PROTOCOL_ERROR),
    "compressed continuation": (frame(b"{", fin=False) + frame(b"}", CONT, rsv=4), PROTOCOL_ERROR),
    **{f"opcode {code}": (frame(b"", code), PROTOCOL_ERROR) for code in (3, 7, 11, 15)},
    "long ping": (frame(b"x" * 126, PING), PROTOCOL_ERROR),
    "fragmented ping": (frame(b"", PING, fin=False), PROTOCOL_ERROR),
    "fragmented close": (frame(b"", CLOSE, fin=False), PROTOCOL_ERROR),
    "continuation of nothing": (frame(b"{}", CONT), PROTOCOL_ERROR),
    "message within a message": (frame(b"{", fin=False) + frame(b"{}"), PROTOCOL_ERROR),
    "half a close code": (frame(b"\x03", CLOSE), PROTOCOL_ERROR),
    **{f"close code {code}": (close(code), PROTOCOL_ERROR) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)},
    "close reason that is no text": (close(1000, b"\xff"), BAD_TEXT),
    "2^63 bytes": (frame(b"", size=1 << 63), TOO_BIG),
    "2^64 - 1 bytes": (frame(b"", size=(1 << 64) - 1), TOO_BIG),
    "2^31 bytes of a ping": (frame(b"", PING, size=1 << 31), TOO_BIG),
    "a gigabyte in a fragment": (frame(b"{", fin=False) + frame(b"", CONT, size=1 << 30), TOO_BIG),
}


@pytest.mark.parametrize("name", ENTRANCES)
async def test_every_violation_has_its_code_before_and_after_login(node: Node, name: str) -> None:
    entrance = ENTRANCES[name]
    async with neighbours(node) as people:
        for number, (violation, (data, code)) in enumerate(VIOLATIONS.items()):
            for token in ("", people.street.token(f"v{number}")):
                extensions = [DEFLATE] if number % 2 else []
                async with entrance.opened(node.port, token, *extensions) as connection:
                    await connection.send(data)
                    assert (await connection.ending()).code == code, violation
