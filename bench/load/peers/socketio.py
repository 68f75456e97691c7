"""Socket.IO on Node, WebSocket only. Its packets wrap the payload: 42["message",<payload>]."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench.load.peers.port import NotInstalledError
from bench.load.peers.server import Server, connections, free_address
from bench.load.pump import Pump
from bench.load.result import progress
from bench.load.wire import client_frame, frame_at, upgrade

_FOLDER = Path(__file__).parent
_INSTALLING = 300.0


class SocketIo:
    path = "/socket.io/?EIO=4&transport=websocket"
    hello: str | None = "40"  # Engine.IO message, Socket.IO connect to the default namespace
    ready = '40{"sid"'

    def __init__(self, folder: Path, readers: int) -> None:
        del readers  # it has no limit
        node = shutil.which("node")
        if node is None:
            raise NotInstalledError("Node 20 or newer is needed")
        _install()
        folder.mkdir(parents=True, exist_ok=True)
        self.address = free_address()
        command = [node, str(_FOLDER / "socketio.mjs"), self.address[0], str(self.address[1])]
        self._server = Server(command, self.address, folder)

    @property
    def workers(self) -> list[int]:
        return [self._server.pid]

    def publishers(self, count: int, payload: bytes) -> Pump:
        """They are in a namespace of their own: nothing is delivered to them. Acknowledged once all was written."""
        opened = connections(self.address, count)
        for connection in opened:
            connection.sendall(upgrade("127.0.0.1", self.path))
            received = bytearray()
            greeted = False
            while b'40/publish,{"sid"' not in received:
                data = connection.recv(65536)
                if not data:
                    raise ConnectionError(f"Socket.IO closed the connection: {bytes(received)!r}")
                received += data
                head = received.find(b"\r\n\r\n")
                if head >= 0 and not greeted and frame_at(received, head + 4) is not None:
                    connection.sendall(client_frame(b"40/publish,"))
                    greeted = True
        request = [client_frame(b'42/publish,%d["send",%b]' % (number, payload)) for number in range(10)]
        return Pump(
            opened, lambda place, number, moment: request[number % 10], ack=b"43/publish,", refusal=b"44/publish,"
        )

    def close(self) -> None:
        self._server.close()


def _install() -> None:
    """The versions of the lock file, when they are not there yet."""
    if (_FOLDER / "node_modules" / "socket.io").is_dir():
        return
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    if shutil.which(command[0]) is None:
        raise NotInstalledError("npm is needed")
    progress(f"installing Socket.IO: {' '.join(command)}")
    try:
        done = subprocess.run(command, cwd=_FOLDER, capture_output=True, text=True, timeout=_INSTALLING, check=False)
    except subprocess.TimeoutExpired:
        raise NotInstalledError(f"`npm ci` in {_FOLDER} took more than {_INSTALLING:.0f} s") from None
    if done.returncode:
        raise NotInstalledError(f"`npm ci` in {_FOLDER} failed: {done.stderr.strip()[-200:]}")
