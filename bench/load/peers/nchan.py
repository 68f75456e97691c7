"""nginx with the nchan module: one worker, bare WebSocket fan-out without history."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.load import processes
from bench.load.peers.port import NotInstalledError
from bench.load.peers.server import Server, connections, free_address
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
        location = /pub {{ nchan_publisher http; nchan_channel_id bench; nchan_message_buffer_length 0; }}
        location = /sub {{ nchan_subscriber websocket; nchan_channel_id bench; nchan_subscriber_first_message newest; }}
    }}
}}
"""


class Nchan:
    path = "/sub"
    hello: str | None = None
    ready = ""

    def __init__(self, folder: Path, readers: int) -> None:
        line = _module()
        folder.mkdir(parents=True, exist_ok=True)
        self.address = free_address()
        config = folder / "nginx.conf"
        config.write_text(_CONFIG.format(module=line, folder=folder, port=self.address[1], connections=readers + 1000))
        self._server = Server(["nginx", "-p", str(folder), "-c", str(config)], self.address, folder)

    @property
    def workers(self) -> list[int]:
        return [pid for pid in processes.tree(self._server.pid) if pid != self._server.pid]

    def publishers(self, count: int, payload: bytes) -> Pump:
        """Keep-alive connections that POST; nginx answers 201 or 202 after it has handed the message out."""
        request = (
            "POST /pub HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        ).encode() + payload
        opened = connections(self.address, count)
        return Pump(opened, lambda place, number, moment: request, ack=b"HTTP/1.1 20", refusal=b"HTTP/1.1 5")

    def close(self) -> None:
        self._server.close()


def _module() -> str:
    """The line that loads nchan."""
    for folder in _MODULES:
        if (file := folder / "ngx_nchan_module.so").exists() and shutil.which("nginx"):
            return f"load_module {file};"
    raise NotInstalledError("on Debian: apt-get install nginx libnginx-mod-nchan")
