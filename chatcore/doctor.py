"""`chatcore doctor`: one finding per thing that has to be right, each wrong one with what to do about it."""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from chatcore import config
from chatcore.auth.secrets import SecretBox, SecretUnreadableError
from chatcore.config import Settings
from chatcore.doctor_broker import broker_finding
from chatcore.doctor_push import push_findings
from chatcore.domain.errors import ChatError
from chatcore.embedded.errors import EmbeddedError
from chatcore.finding import Finding
from chatcore.store import migrate
from chatcore.store.postgres import PostgresStore
from chatcore.store.pushes import PushLog
from chatcore.supervisor.administration import database, secret_keys
from chatcore.supervisor.errors import SupervisorError
from chatcore.supervisor.probe import ask
from chatcore.supervisor.ready import base_url

_PATIENCE: Final = 10.0
_OLDEST_POSTGRES: Final = 150_000
_MOST_SKEW: Final = 2.0
"""Seconds; tokens forgive 30, but leases and presence of several machines are compared with each other."""
_FEW_FILES: Final = 4096


async def examine(environ: Mapping[str, str]) -> list[Finding]:
    """All findings, in the order in which they should be put right. Takes up to ten seconds per silent server."""
    try:
        settings, notes = config.load(environ)
    except config.ConfigError as error:
        return [Finding(subject="configuration", ok=False, text=mistake) for mistake in error.mistakes]
    findings = [Finding(subject="configuration", ok=True, text="understood")]
    findings += [Finding(subject="configuration", ok=True, text=note) for note in notes]
    findings += [_file_limit(), *_certificates(settings), await _port(settings)]
    findings += [finding async for finding in _database(settings)]
    findings.append(await _broker(settings))
    return findings


def _file_limit() -> Finding:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= _FEW_FILES:
        return Finding(subject="open files", ok=True, text=f"up to {soft}, one per connection")
    advice = f"raise it (`ulimit -n`, LimitNOFILE=; the hard limit here is {hard})"
    return Finding(subject="open files", ok=False, text=f"only {soft}, one per connection", advice=advice)


def _certificates(settings: Settings) -> list[Finding]:
    findings = []
    if settings.tls_cert is not None and settings.tls_key is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
            findings.append(Finding(subject="CHAT_TLS_CERT", ok=True, text="certificate and key fit"))
        except (OSError, ssl.SSLError) as error:
            findings.append(Finding(subject="CHAT_TLS_CERT", ok=False, text=str(error), advice="PEM, key unencrypted"))
    for name, path in (("CHAT_APNS_CA_FILE", settings.apns_ca_file), ("CHAT_FCM_CA_FILE", settings.fcm_ca_file)):
        if path is not None:
            findings.append(_authority(name, path))
    return findings


def _authority(name: str, path: Path) -> Finding:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        return Finding(subject=name, ok=False, text=str(error), advice="the file must hold PEM certificates")
    return Finding(subject=name, ok=True, text="readable")


async def _port(settings: Settings) -> Finding:
    """A port in use is fine if it is a gateway that uses it."""
    subject = f"port {settings.port}"
    try:
        with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((settings.host, settings.port))
        return Finding(subject=subject, ok=True, text="free")
    except OSError as error:
        reason = error.strerror
    status, body = await ask(base_url(settings.host, settings.port, tls=settings.tls_cert is not None) + "/readyz")
    if status == 200:
        return Finding(subject=subject, ok=True, text="a gateway answers and is ready")
    if status == 503:
        return Finding(subject=subject, ok=False, text=f"a gateway answers, but is not ready: {body.strip()}")
    advice = "stop what listens there, or set CHAT_PORT"
    return Finding(subject=subject, ok=False, text=reason or "in use", advice=advice)


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    try:
        async with database(settings) as dsn:
            async for finding in _schema_and_rows(dsn, settings):
                yield finding
    except (SupervisorError, EmbeddedError) as error:
        yield Finding(subject="Postgres", ok=False, text=str(error))
    except (ChatError, OSError, TimeoutError) as error:
        advice = "is the server up, and are host, user, password and database in CHAT_POSTGRES_DSN right?"
        yield Finding(subject="Postgres", ok=False, text=str(error) or type(error).__name__, advice=advice)


async def _schema_and_rows(dsn: str, settings: Settings) -> AsyncIterator[Finding]:
    async with asyncio.timeout(_PATIENCE):
        store = await PostgresStore.open(dsn, min_size=1, max_size=1)
    try:
        version = int(await store.pool.fetchval("SELECT current_setting('server_version_num')"))
        advice = "" if version >= _OLDEST_POSTGRES else "version 15 or newer is needed"
        yield Finding(subject="Postgres", ok=not advice, text=f"version {version // 10000}", advice=advice)
        yield _clock(await store.pool.fetchval("SELECT clock_timestamp()"))
        missing = await migrate.pending(dsn)
        if missing:
            yield Finding(
                subject="schema", ok=False, text=f"missing {', '.join(missing)}", advice="run `chatcore migrate`"
            )
            return
        yield Finding(subject="schema", ok=True, text="up to date")
        rows = await store.pool.fetch(
            "SELECT sid, auth_token AS sealed FROM accounts UNION ALL SELECT sid, secret FROM api_keys"
        )
        yield _secrets([(row["sid"], row["sealed"]) for row in rows], settings)
        for finding in push_findings(await PushLog(store.pool).credentials(), settings):
            yield finding
    finally:
        await store.close()


def _clock(theirs: datetime) -> Finding:
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    advice = "" if skew <= _MOST_SKEW else "let both machines follow the same time service (chrony, systemd-timesyncd)"
    return Finding(subject="clock", ok=not advice, text=f"{skew:.1f} s from the database's", advice=advice)


def _secrets(sealed: Sequence[tuple[str, bytes]], settings: Settings) -> Finding:
    if not sealed:
        return Finding(subject="secret key", ok=True, text="nothing stored yet")
    try:
        box = SecretBox(secret_keys(settings))
    except config.ConfigError as error:
        return Finding(subject="secret key", ok=False, text=str(error))
    unreadable = []
    for sid, secret in sealed:
        try:
            box.open(secret)
        except SecretUnreadableError:
            unreadable.append(sid)
    if unreadable:
        advice = "append the key with which they were stored to CHAT_SECRET_KEY, after a comma"
        text = f"cannot read the secrets of {', '.join(unreadable[:5])} ({len(unreadable)} of {len(sealed)})"
        return Finding(subject="secret key", ok=False, text=text, advice=advice)
    return Finding(subject="secret key", ok=True, text=f"reads all {len(sealed)} stored secrets")


async def _broker(settings: Settings) -> Finding:
    if settings.redis_url is None:
        return Finding(subject="Redis", ok=True, text="embedded, started by `chatcore up`")
    return await broker_finding(settings.redis)
