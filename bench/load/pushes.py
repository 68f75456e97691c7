"""P10: pushes of one worker, from the outbox row to the settled one, towards a peer that accepts everything."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
import urllib.parse
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import asyncpg
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.load import processes, push_peer
from bench.load.product import Product
from bench.load.push_peer import PushPeer
from bench.load.result import Quantity, Result, Sample, progress

P10 = Quantity(
    id="P10",
    title="pushes of one worker, from outbox row to settled, over TLS and HTTP/2, half APNs and half FCM",
    unit="pushes/s",
    peer=None,
    must=1500,
    aim=3000,
    at_least=True,
)
MIXES = {
    P10: "n % 2 = 0",
    replace(P10, id="P10a", title=P10.title.replace("half APNs and half FCM", "APNs alone")): "true",
    replace(P10, id="P10f", title=P10.title.replace("half APNs and half FCM", "FCM alone")): "false",
}
"""Which devices are Apple's."""
_PATIENCE = 300.0
_MEMBER = "device"

_DEVICES = """
INSERT INTO bindings (sid, service_sid, user_sid, identity, binding_type, endpoint, address, credential_sid,
                      message_types, vocabulary, registered_at, date_created, date_updated)
SELECT 'BS' || md5(u.sid), u.service_sid, u.sid, u.identity, 'fcm', 'phone', md5(u.sid) || md5(u.identity), $1,
       '{new_message}', 'chat', now(), now(), now()
FROM users u WHERE identity LIKE $2
"""
# A device that had its burst gets little for a minute: each run meets other devices.
_OTHER_DEVICES = """
UPDATE bindings b SET
  address = md5(address) || md5(b.sid || address),
  binding_type = CASE WHEN MIX THEN 'apn' ELSE 'fcm' END,
  credential_sid = CASE WHEN MIX THEN $1 ELSE $2 END
FROM (SELECT sid, row_number() OVER (ORDER BY sid) AS n FROM bindings) numbered WHERE numbered.sid = b.sid
"""
_LEFT = "SELECT count(*) FROM outbox"


def measure(members: int, messages: int, runs: int, folder: Path) -> list[Result]:
    """`messages` in each run, at most 20, to a channel of so many `members` with one device each. For both providers
    together, then for each of them alone."""
    if not push_peer.available():
        raise FileNotFoundError("nginx is not installed")
    with PushPeer(folder / "peer") as peer:
        environment = {
            "CHAT_APNS_URL": peer.url,
            "CHAT_APNS_CA_FILE": str(peer.ca),
            "CHAT_FCM_URL": peer.url,
            "CHAT_FCM_TOKEN_URL": f"{peer.url}/token",
            "CHAT_FCM_CA_FILE": str(peer.ca),
        }
        with Product(folder / "product", environment=environment) as product:
            samples = asyncio.run(_measure(product, peer, members, messages, runs))
    note = "the worker shares the machine's cores with Postgres, the broker and the peer: trust its CPU column"
    parameters: dict[str, object] = {"members": members, "messages": messages, "runs": runs}
    return [
        Result(quantity=quantity, parameters=parameters, samples=found, notes=[note])
        for quantity, found in samples.items()
    ]


async def _measure(
    product: Product, peer: PushPeer, members: int, messages: int, runs: int
) -> dict[Quantity, list[Sample]]:
    progress(f"P10: preparing {members} members with a device each")
    product.lift_limits()
    switches = ("Enabled", "BadgeCountEnabled")
    product.rest("POST", "", **{f"Notifications.NewMessage.{switch}": "true" for switch in switches})
    channel = product.channel(["author", *(f"{_MEMBER}-{number}" for number in range(members))])
    connection = await asyncpg.connect(product.setting("CHAT_POSTGRES_DSN"))
    try:
        apple, google = _apple(product), _google(product)
        await connection.execute(_DEVICES, google, f"{_MEMBER}-%", timeout=60)
        samples: dict[Quantity, list[Sample]] = {quantity: [] for quantity in MIXES}
        for quantity, mix in MIXES.items():
            for number in range(-1, runs):  # the first one only warms up
                progress(f"{quantity.id}: " + (f"run {number + 1} of {runs}" if number >= 0 else "warming up"))
                await connection.execute(_OTHER_DEVICES.replace("MIX", mix), apple, google, timeout=60)
                sample = await _run(product, peer, connection, channel, members, messages)
                if number >= 0:
                    samples[quantity].append(sample)
        return samples
    finally:
        await connection.close()


async def _run(
    product: Product, peer: PushPeer, connection: asyncpg.Connection, channel: str, members: int, messages: int
) -> Sample:
    worker = _worker(product)
    expected = members * messages
    before, cpu, begun = peer.requests(), processes.cpu([worker]), time.perf_counter()
    for number in range(messages):
        product.rest("POST", f"/Channels/{channel}/Messages", From="author", Body=f"message {number}: " + "x" * 60)
    while await connection.fetchval(_LEFT, timeout=60):
        if time.perf_counter() - begun > _PATIENCE:
            raise RuntimeError("the outbox does not become empty")
        await asyncio.sleep(0.02)
    seconds = time.perf_counter() - begun
    used = processes.cpu([worker]) - cpu
    sent = peer.requests() - before - 1  # the one that asks; those for access tokens are a handful
    if not expected <= sent <= expected + 10:
        raise RuntimeError(f"the peer was sent {sent} pushes in place of {expected}")
    microseconds = used.total / expected * 1e6
    details = {"CPU µs/push": microseconds, "a full core would do": 1e6 / microseconds}
    return Sample(product=expected / seconds, details=details)


def _worker(product: Product) -> int:
    for pid in product.everything:
        if (line := processes.command_line(pid)) and line[-2:] == ["-m", "push"]:
            return pid
    raise LookupError("no push worker among the processes of the product")


def _apple(product: Product) -> str:
    key = _pem(ec.generate_private_key(ec.SECP256R1()))
    return _credential(product, Type="apn", PrivateKey=key, KeyId="A" * 10, TeamId="B" * 10, Topic="org.example.chat")


def _google(product: Product) -> str:
    account = {
        "type": "service_account",
        "project_id": "bench",
        "client_email": "push@bench.example",
        "private_key": _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        "token_uri": "https://token.example/token",
    }
    return _credential(product, Type="fcm", Secret=json.dumps(account))


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _credential(product: Product, **form: str) -> str:
    secret = f"{product.ready['account_sid']}:{product.ready['auth_token']}".encode()
    headers = {
        "Authorization": "Basic " + b64encode(secret).decode(),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = http.client.HTTPConnection(*product.address, timeout=60)
    try:
        connection.request("POST", "/v2/Credentials", urllib.parse.urlencode(form), headers)
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status >= 300:
        raise RuntimeError(f"POST /v2/Credentials: {response.status} {body[:300]!r}")
    sid: str = json.loads(body)["sid"]
    return sid
