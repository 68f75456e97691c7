from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chatcore.resp.address import parse
from chatcore.resp.link import RefusedError, dial, pack

GREETING = b"%1\r\n$5\r\nproto\r\n:3\r\n"


class Server:
    """Answers every read with the next of its replies, and keeps what it read."""

    def __init__(self, *replies: bytes) -> None:
        self.port = 0
        self.read: list[bytes] = []
        self._replies = list(replies)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            while data := await reader.read(65536):
                self.read.append(data)
                writer.write(self._replies.pop(0))


@contextlib.asynccontextmanager
async def serving(*replies: bytes, context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(*replies)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    async with listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server


def unheard(_channel: bytes, _data: bytes) -> None:
    pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def test_the_greeting_carries_credentials_and_name_then_the_database_is_chosen() -> None:
    async with serving(GREETING, b"+OK\r\n") as server:
        link = await dial(parse(f"redis://u:p@127.0.0.1:{server.port}/2"), unheard, name="chat node/1")
        link.abort()
    assert server.read == [
        pack(("HELLO", 3, "AUTH", "u", "p", "SETNAME", "chat_node_1")),
        pack(("SELECT", 2)),
    ]


async def test_a_refusal_is_told_from_a_loss() -> None:
    async with serving(b"-WRONGPASS no\r\n") as server:
        with pytest.raises(RefusedError, match="WRONGPASS"):
            await dial(parse(f"redis://:p@127.0.0.1:{server.port}"), unheard, name="x")


async def test_nobody_listening_is_a_connection_error(tmp_path: Path) -> None:
    async with serving() as server:
        port = server.port
    for url in (f"redis://127.0.0.1:{port}", f"unix://{tmp_path}/no.sock"):
        with pytest.raises(ConnectionError):
            await dial(parse(url), unheard, name="x")


async def test_another_protocol_is_a_connection_error() -> None:
    async with serving(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        with pytest.raises(ConnectionError):
            await dial(parse(f"redis://127.0.0.1:{server.port}"), unheard, name="x")


async def test_tls_with_a_private_authority(certificate: Path, server_side: ssl.SSLContext) -> None:
    async with serving(GREETING, b"+PONG\r\n", context=server_side) as server:
        link = await dial(parse(f"rediss://127.0.0.1:{server.port}?ssl_ca_certs={certificate}"), unheard, name="x")
        try:
            assert await link.call(("PING",)) == [b"PONG"]
        finally:
            link.abort()
            await link.lost


async def test_an_unknown_certificate_is_refused(server_side: ssl.SSLContext) -> None:
    async with serving(GREETING, context=server_side) as server:
        with pytest.raises(ConnectionError, match="certificate"):
            await dial(parse(f"rediss://127.0.0.1:{server.port}"), unheard, name="x")
        assert server.read == []


async def test_a_real_server_speaks_with_us(redis_url: str) -> None:
    link = await dial(parse(redis_url), unheard, name="chat-ü 1")
    try:
        (name,) = await link.call(("CLIENT", "GETNAME"))
        assert name == b"chat-__1"
    finally:
        link.abort()
