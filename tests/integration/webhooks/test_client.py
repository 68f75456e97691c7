"""Calls over real sockets, to receivers that behave and to others."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chatcore.ports.calls import Answered, Target, TimedOut, Unreachable
from chatcore.webhooks.client import BODY_LIMIT, Client
from chatcore.webhooks.request import Request, signed
from tests.support.patience import PATIENCE
from tests.support.receiver import Flood, Hang, Raw, Receiver, Reset, Say, receiver

PARAMETERS = [("EventType", "onMessageSent"), ("Body", "ü & = \n")]


class Names(AbstractResolver):
    """Looks names up in a table: the next list of addresses each time, the last one again and again."""

    def __init__(self, **addresses: list[list[str]]) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        turns = self.addresses[host.removesuffix(".test")]
        found = turns.pop(0) if len(turns) > 1 else turns[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None: ...


def request(url: str, method: str = "POST") -> Request:
    return signed(Target(url=url, method=method), PARAMETERS, auth_token="secret", token="t")


@pytest.fixture
async def hook() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(allow_private=True) as made:
        yield made


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_call_arrives_as_it_was_signed(client: Client, hook: Receiver, method: str) -> None:
    hook.answers(Say(200, b'{"body":"x"}'))
    url = hook.url("/%7Ea//b/../c?x=%2f&y")
    assert await client.send(request(url, method), PATIENCE) == Answered(200, b'{"body":"x"}')
    (heard,) = hook.heard
    assert heard.method == method
    assert heard.url.startswith(url)
    assert heard.pairs[-2:] == PARAMETERS
    assert heard.is_signed_by("secret")
    assert not heard.is_signed_by("other")
    assert heard.headers["user-agent"] == "TwilioProxy/1.1"
    assert heard.headers["accept"] == "*/*"
    assert heard.headers["i-twilio-idempotency-token"] == "t"
    assert heard.headers.keys().isdisjoint({"cookie", "accept-encoding", "transfer-encoding"})


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 308, 400, 403, 429, 500, 503])
async def test_every_status_is_an_answer_and_redirects_are_not_followed(
    client: Client, hook: Receiver, status: int
) -> None:
    hook.answers(Say(status, b"", {"Location": hook.url("/elsewhere"), "Set-Cookie": "a=b"}))
    assert await client.send(request(hook.url()), PATIENCE) == Answered(status)
    assert await client.send(request(hook.url()), PATIENCE) == Answered(status)
    assert [heard.url for heard in hook.heard] == [hook.url()] * 2
    assert "cookie" not in hook.heard[1].headers


async def test_connections_are_kept_and_replaced_unseen(client: Client, hook: Receiver) -> None:
    for _ in range(3):
        assert await client.send(request(hook.url()), PATIENCE) == Answered(200)
    assert {heard.connection for heard in hook.heard} == {1}
    hook.answers(Raw(), Say(201))  # the kept connection turns out to be closed
    assert await client.send(request(hook.url()), PATIENCE) == Answered(201)
    assert hook.heard[-1].connection == 2


async def test_silence_ends_in_time(client: Client, hook: Receiver) -> None:
    hook.answers(Hang())
    began = time.monotonic()
    assert await client.send(request(hook.url()), 0.2) == TimedOut()
    assert time.monotonic() - began < PATIENCE


async def test_an_endless_answer_is_cut_off(client: Client) -> None:
    async with receiver() as hook:
        hook.answers(Flood())
        assert await client.send(request(hook.url()), PATIENCE) == Answered(200)


async def test_an_answer_is_read_up_to_a_limit(client: Client, hook: Receiver) -> None:
    hook.answers(Say(200, b" " * BODY_LIMIT), Say(200, b" " * (BODY_LIMIT + 1)), Say(403, b" " * (BODY_LIMIT + 1)))
    assert await client.send(request(hook.url()), PATIENCE) == Answered(200, b" " * BODY_LIMIT)
    assert await client.send(request(hook.url()), PATIENCE) == Answered(200)
    assert await client.send(request(hook.url()), PATIENCE) == Answered(403)


@pytest.mark.parametrize(
    "reaction",
    [Reset(), Raw(), Raw(b"garbage\r\n\r\n"), Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
     Raw(b"HTTP/1.1 200 OK\r\nA: " + b"a" * 100_000 + b"\r\n\r\n"), Raw(b"HTTP/1.1 2000 OK\r\n\r\n"),
     Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")],
    ids=["reset", "closed", "garbage", "cut", "huge header", "bad status", "bad chunk"],
)  # fmt: skip
async def test_a_connection_that_fails_is_no_answer(client: Client, hook: Receiver, reaction: Reset | Raw) -> None:
    hook.answers(reaction)
    assert isinstance(await client.send(request(hook.url()), PATIENCE), Unreachable)
    assert len(hook.heard) == 1


async def test_packed_answers_are_not_unpacked(client: Client, hook: Receiver) -> None:
    hook.answers(Say(200, b"\x1f\x8b\x08", {"Content-Encoding": "gzip"}))
    assert await client.send(request(hook.url()), PATIENCE) == Answered(200, b"\x1f\x8b\x08")


async def test_nobody_there_is_no_answer(client: Client) -> None:
    async with receiver() as gone:
        url = gone.url()
    assert isinstance(await client.send(request(url), PATIENCE), Unreachable)


@pytest.mark.parametrize(
    "url", ["", "/path", "ftp://127.0.0.1/", "http://", "http://[::1", "http://a b/", "http://x:y/"]
)
async def test_an_url_that_means_nothing_is_no_answer(client: Client, url: str) -> None:
    assert isinstance(await client.send(request(url), PATIENCE), Unreachable)


async def test_credentials_in_the_url_are_sent(client: Client, hook: Receiver) -> None:
    await client.send(request(hook.url().replace("//", "//user:pass@")), PATIENCE)
    assert hook.heard[0].headers["authorization"] == "Basic dXNlcjpwYXNz"


async def test_the_environments_proxy_is_not_used(
    client: Client, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert await client.send(request(hook.url()), PATIENCE) == Answered(200)


# Where a webhook may not go.


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "169.254.169.254",
     "192.168.0.1", "100.64.0.1", "[fe80::1]", "[fd00:ec2::254]"],
)  # fmt: skip
async def test_private_addresses_are_not_called(hook: Receiver, host: str) -> None:
    async with Client(allow_private=False) as client:
        reply = await client.send(request(hook.url(host=host)), PATIENCE)
    assert isinstance(reply, Unreachable)
    assert "is not a public address" in reply.reason
    assert hook.heard == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"])
async def test_addresses_in_disguise_are_not_called(hook: Receiver, host: str) -> None:
    async with Client(allow_private=False) as client:
        assert isinstance(await client.send(request(hook.url(host=host)), PATIENCE), Unreachable)
    assert hook.heard == []


async def test_names_of_private_addresses_are_not_called(hook: Receiver) -> None:
    names = Names(inside=[["127.0.0.1"]], mapped=[["::ffff:127.0.0.1"]], both=[["10.0.0.1", "127.0.0.1"]])
    async with Client(allow_private=False, resolver=names) as client:
        for host in ("inside.test", "mapped.test", "both.test"):
            reply = await client.send(request(hook.url(host=host)), PATIENCE)
            assert isinstance(reply, Unreachable), host
    assert hook.heard == []


async def test_the_address_that_is_called_is_the_one_that_was_checked(hook: Receiver) -> None:
    """A name that changes its mind is looked up again for each connection, and checked again."""
    names = Names(rebinding=[["203.0.113.1"], ["127.0.0.1"]])
    async with Client(allow_private=False, resolver=names) as client:
        for _ in range(2):
            assert isinstance(await client.send(request(hook.url(host="rebinding.test")), PATIENCE), Unreachable)
    assert names.asked == ["rebinding.test"] * 2
    assert hook.heard == []


async def test_where_private_addresses_are_allowed_names_work(hook: Receiver) -> None:
    names = Names(inside=[["127.0.0.1"]])
    async with Client(allow_private=True, resolver=names) as client:
        assert await client.send(request(hook.url(host="inside.test")), PATIENCE) == Answered(200)
    assert hook.heard[0].headers["host"] == f"inside.test:{hook.port}"
    assert hook.heard[0].is_signed_by("secret")


# TLS.


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of hook.test in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path_factory.mktemp("tls") / "hook.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("host", "trusted", "works"), [("hook", True, True), ("other", True, False), ("hook", False, False)]
)
async def test_certificates_are_verified_for_the_name_that_was_configured(
    certificate: Path, host: str, trusted: bool, works: bool
) -> None:
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate)
    names = Names(hook=[["127.0.0.1"]], other=[["127.0.0.1"]])
    tls = ssl.create_default_context(cafile=str(certificate)) if trusted else None
    async with receiver(tls=server) as hook, Client(allow_private=True, resolver=names, tls=tls) as client:
        reply = await client.send(request(hook.url(host=f"{host}.test")), PATIENCE)
        assert isinstance(reply, Answered) == works
        assert len(hook.heard) == works
