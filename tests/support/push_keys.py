"""Keys, certificates and accounts for peers that play Apple and Google."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from chatcore.auth.credentials import PushSecrets

KEY_ID, TEAM_ID, TOPIC = "ABC123DEFG", "DEF123GHIJ", "org.example.chat"


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public(private: str) -> str:
    key = load_pem_private_key(private.encode(), None)
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True, slots=True)
class Authority:
    """Signs servers and clients. `ca` is its certificate, as a file; `server` key and certificate of localhost."""

    ca: Path
    server: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    def tls(self, *, asks_clients: bool = False) -> ssl.SSLContext:
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.load_cert_chain(self.server)
        if asks_clients:
            made.load_verify_locations(self.ca)
            made.verify_mode = ssl.CERT_REQUIRED
        return made

    def client(self, *, topic: str | None = TOPIC, days: tuple[int, int] = (-1, 30)) -> PushSecrets:
        """Certificate credentials, as Apple issues them."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.NameAttribute(NameOID.COMMON_NAME, "Apple Push Services")]
        if topic is not None:
            names.append(x509.NameAttribute(NameOID.USER_ID, topic))
        made = _signed(x509.Name(names), key, self.key, self.certificate.subject, days)
        return PushSecrets(certificate=made.public_bytes(Encoding.PEM).decode(), private_key=pem(key))


def authority(folder: Path) -> Authority:
    key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    certificate = _signed(name, key, key, name, (-1, 30), ca=True)
    server = _signed(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]), server_key, key, name, (-1, 30), ca=False
    )
    ca_file, server_file = folder / "ca.pem", folder / "server.pem"
    ca_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    server_file.write_text(pem(server_key) + server.public_bytes(Encoding.PEM).decode())
    return Authority(ca_file, server_file, key, certificate)


def _signed(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    signer: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    days: tuple[int, int],
    *,
    ca: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    hosts = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(signer, hashes.SHA256())
    )


def token_key() -> PushSecrets:
    """Apple's p8 kind."""
    key = ec.generate_private_key(ec.SECP256R1())
    return PushSecrets(private_key=pem(key), key_id=KEY_ID, team_id=TEAM_ID, topic=TOPIC)


@cache
def _google_key() -> str:
    return pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def service_account(token_uri: str, project: str = "chat-project") -> PushSecrets:
    """Google's kind."""
    account = {
        "type": "service_account",
        "project_id": project,
        "private_key_id": "0123456789abcdef",
        "client_email": f"push@{project}.iam.gserviceaccount.com",
        "private_key": _google_key(),
        "token_uri": token_uri,
    }
    return PushSecrets(secret=json.dumps(account))
