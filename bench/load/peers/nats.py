"""NATS: subscribers over its WebSocket listener (its text protocol in WebSocket frames), publishers over TCP."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from bench.load.peers.port import NotInstalledError
from bench.load.peers.server import Server, connections, free_address
from bench.load.pump import Pump

# The server's own pings would be answered by nobody.
_CONFIG = """\
listen: "127.0.0.1:{port}"
ping_interval: "1h"
max_connections: {connections}
websocket {{ listen: "127.0.0.1:{websocket}", no_tls: true, compression: false }}
"""
_OPTIONS = '{"verbose":false,"pedantic":false,"protocol":1}'


class Nats:
    path = "/"
    hello: str | None = f"CONNECT {_OPTIONS}\r\nSUB bench 1\r\nPING\r\n"
    ready = "PONG\r\n"

    def __init__(self, folder: Path, readers: int) -> None:
        program = shutil.which("nats-server")
        if program is None:
            raise NotInstalledError("on Debian: apt-get install nats-server")
        folder.mkdir(parents=True, exist_ok=True)
        self.address, self._tcp = free_address(), free_address()
        config = folder / "nats.conf"
        config.write_text(_CONFIG.format(port=self._tcp[1], websocket=self.address[1], connections=readers + 1000))
        self._server = Server([program, "-c", str(config)], self.address, folder)

    @property
    def workers(self) -> list[int]:
        return [self._server.pid]

    def publishers(self, count: int, payload: bytes) -> Pump:
        """A verbose connection is told +OK after each command; the message has then been queued for everybody."""
        opened = connections(self._tcp, count)
        for connection in opened:
            _until(connection, b"\r\n")  # INFO
            connection.sendall(b"CONNECT " + _OPTIONS.replace('"verbose":false', '"verbose":true').encode() + b"\r\n")
            _until(connection, b"+OK\r\n")
        request = b"PUB bench %d\r\n%b\r\n" % (len(payload), payload)
        return Pump(opened, lambda place, number, moment: request, ack=b"+OK\r\n", refusal=b"-ERR")

    def close(self) -> None:
        self._server.close()


def _until(connection: socket.socket, end: bytes) -> None:
    received = b""
    while not received.endswith(end):
        data = connection.recv(65536)
        if not data:
            raise ConnectionError(f"nats-server closed the connection: {received!r}")
        received += data
