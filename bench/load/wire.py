"""Just enough WebSocket (RFC 6455) to be a cheap client: handshake, frames out, frames in."""

from __future__ import annotations

import json
import socket
import struct
from collections import deque
from typing import Any

PING = b"\x81\x02{}"
"""A ping of the Centrifuge protocol (JSON): an empty reply in a text frame of its own."""

_NO_MASK = bytes(4)


def upgrade(host: str, path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def client_frame(payload: bytes) -> bytes:
    """One text frame. The mask is zero: legal on the wire, and it spares the rig the masking of every byte."""
    size = len(payload)
    if size < 126:
        head = bytes((0x81, 0x80 | size))
    elif size < 65536:
        head = struct.pack("!BBH", 0x81, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x81, 0xFF, size)
    return head + _NO_MASK + payload


PONG = client_frame(b"{}")


def frame_at(buffer: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """Where the payload of the unmasked frame at `start` begins and ends; None while it is incomplete."""
    if len(buffer) < start + 2:
        return None
    size, begin = buffer[start + 1] & 0x7F, start + 2
    if size == 126:
        begin += 2
        if len(buffer) < begin:
            return None
        size = int.from_bytes(buffer[start + 2 : begin], "big")
    elif size == 127:
        begin += 8
        if len(buffer) < begin:
            return None
        size = int.from_bytes(buffer[start + 2 : begin], "big")
    return (begin, begin + size) if len(buffer) >= begin + size else None


class NativeClient:
    """A blocking client of the Centrifuge protocol (JSON) for set-up and probes; not for load."""

    def __init__(self, address: tuple[str, int], path: str, token: str, *, subscribe: str) -> None:
        self.socket = socket.create_connection(address, timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray()
        self._last_id = 0
        self.pushes: deque[bytes] = deque(maxlen=1000)  # frame payloads that were not replies
        self.socket.sendall(upgrade(f"{address[0]}:{address[1]}", path))
        head = self._head()
        if b" 101 " not in head.partition(b"\r\n")[0]:
            raise ConnectionError(f"no upgrade: {head.decode(errors='replace')}")
        self.connected = self.request("connect", {"token": token, "data": {"subscribe": subscribe}})

    def close(self) -> None:
        self.socket.close()

    def rpc(self, method: str, data: dict[str, object]) -> dict[str, Any]:
        result: dict[str, Any] = self.request("rpc", {"method": method, "data": data})["data"]
        return result

    def request(self, kind: str, body: dict[str, object]) -> dict[str, Any]:
        self._last_id += 1
        self.socket.sendall(client_frame(json.dumps({"id": self._last_id, kind: body}).encode()))
        while True:
            payload = self.receive()
            for line in payload.split(b"\n"):
                reply = json.loads(line)
                if reply.get("id") != self._last_id:
                    continue
                if "error" in reply:
                    raise RuntimeError(f"{kind} refused: {reply['error']}")
                result: dict[str, Any] = reply[kind]
                return result
            self.pushes.append(payload)

    def receive(self) -> bytes:
        """The payload of the next frame, pings answered and left out."""
        while True:
            where = frame_at(self._buffer, 0)
            if where is None:
                data = self.socket.recv(65536)
                if not data:
                    raise ConnectionError("the server closed the connection")
                self._buffer += data
                continue
            payload, opcode = bytes(self._buffer[where[0] : where[1]]), self._buffer[0] & 0x0F
            del self._buffer[: where[1]]
            if opcode == 8:
                raise ConnectionError(f"closed by the server: {payload[:2].hex()} {payload[2:].decode()}")
            if payload == b"{}":
                self.socket.sendall(PONG)
            elif opcode in (1, 2):
                return payload

    def _head(self) -> bytes:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed during the handshake")
            self._buffer += data
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        return head
