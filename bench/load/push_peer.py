"""The peer of the push figure: nginx as APNs, as FCM and as its token end point, over TLS and HTTP/2."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_CONFIG = """\
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1000; use epoll; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    http2_max_concurrent_streams 1000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {folder}/peer.pem;
        ssl_certificate_key {folder}/peer.pem;
        location /3/device/ {{ add_header apns-id $http_apns_id; return 200; }}
        location /v1/ {{ default_type application/json; return 200 '{{"name":"projects/bench/messages/1"}}'; }}
        location /token {{ default_type application/json; return 200 '{token}'; }}
        location /status {{ stub_status; }}
    }}
}}
"""
_TOKEN = {"access_token": "bench", "expires_in": 3600, "token_type": "Bearer"}


def available() -> bool:
    return shutil.which("nginx") is not None


class PushPeer:
    """Running when the constructor returns; `ca` vouches for it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca = folder / "ca.pem"
        _certify(folder / "peer.pem", self.ca)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"https://127.0.0.1:{port}"
        config = folder / "nginx.conf"
        config.write_text(_CONFIG.format(folder=folder, port=port, token=json.dumps(_TOKEN)))
        self._tls = ssl.create_default_context(cafile=str(self.ca))
        self._process = subprocess.Popen(
            ["nginx", "-p", str(folder), "-c", str(config)], stderr=(folder / "stderr.log").open("wb")
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self.requests()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.close()
        raise RuntimeError(f"nginx did not start: {(folder / 'stderr.log').read_text()}")

    def requests(self) -> int:
        """All that it ever answered; those that ask for this number count too."""
        with urllib.request.urlopen(f"{self.url}/status", timeout=5, context=self._tls) as answer:
            return int(answer.read().split(b"\n")[2].split()[2])

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


def _certify(peer: Path, ca: Path) -> None:
    """A certificate of 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = made.public_bytes(serialization.Encoding.PEM)
    ca.write_bytes(certificate)
    peer.write_bytes(private + certificate)
