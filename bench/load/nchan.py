"""The peer of the fan-out figures: nginx with the nchan module, one worker, bare WebSocket fan-out without history."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.load import processes
from bench.load.pump import Pump

RECORDED = 12.8
"""Microseconds of worker CPU per delivery on another machine: used, and marked, where nchan is absent."""

_MODULES = (Path("/usr/lib/nginx/modules"), Path("/usr/lib64/nginx/modules"), Path("/usr/local/lib/nginx/modules"))

_CONFIG = """\
{module}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {connections}; use epoll; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /pub {{ nchan_publisher http; nchan_channel_id bench; nchan_message_buffer_length {buffer}; }}
        location = /sub {{ nchan_subscriber websocket; nchan_channel_id bench; nchan_subscriber_first_message newest; }}
    }}
}}
"""


def module() -> str | None:
    """The line that loads nchan; None where nginx or the module is missing."""
    for folder in _MODULES:
        if (file := folder / "ngx_nchan_module.so").exists() and shutil.which("nginx"):
            return f"load_module {file};"
    return None


class Nchan:
    """A running nginx; `folder` takes its files."""

    path = "/sub"

    def __init__(self, folder: Path, *, connections: int, buffer: int = 0) -> None:
        line = module()
        if line is None:
            raise FileNotFoundError("nginx with nchan is not installed")
        folder.mkdir(parents=True, exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address: tuple[str, int] = free.getsockname()
        config = folder / "nginx.conf"
        config.write_text(
            _CONFIG.format(
                module=line, folder=folder, port=self.address[1], connections=connections + 200, buffer=buffer
            )
        )
        self._process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-c", str(config)], stderr=(folder / "stderr.log").open("wb")
        )
        self._wait(time.monotonic() + 10, folder)

    @property
    def workers(self) -> list[int]:
        return [pid for pid in processes.tree(self._process.pid) if pid != self._process.pid]

    def publishers(self, count: int, payload: bytes) -> Pump:
        """Keep-alive connections that POST `payload`; nginx answers 201 or 202 after it has handed the message out."""
        request = (
            "POST /pub HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        ).encode() + payload
        sockets = [socket.create_connection(self.address, timeout=10) for _ in range(count)]
        for connection in sockets:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Pump(sockets, lambda place, number: request, ack=b"HTTP/1.1 20", refusal=b"HTTP/1.1 5")

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wait(self, deadline: float, folder: Path) -> None:
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(self.address, timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.close()
        raise RuntimeError(f"nginx did not start: {(folder / 'stderr.log').read_text()}")
