"""The `chatcore` command. What a command needs is imported when it runs: `chatcore gateway` loads no driver."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Never

import click

from chatcore import config
from chatcore.child import ChildExited
from chatcore.domain.errors import ChatError
from chatcore.embedded.errors import EmbeddedError
from chatcore.embedded.folders import SECRET_KEY_FILE, DataDir
from chatcore.pushes_cli import pushes, recount
from chatcore.supervisor.errors import SupervisorError
from chatcore.telemetry import set_up_logging
from chatcore.user_cli import user
from chatcore.webhook_cli import webhooks

if TYPE_CHECKING:
    from chatcore.store.admin import Admin

_log = logging.getLogger(__name__)

_SERVING = ("CHAT_POSTGRES_DSN", "CHAT_REDIS_URL")


def main() -> Never:
    """Exit codes: 0 stopped, 1 failed, 78 configuration (2: wrong usage of the command itself)."""
    try:
        cli.main(standalone_mode=True)
    except config.ConfigError as error:
        for mistake in error.mistakes:
            click.echo(f"configuration: {mistake}", err=True)
        sys.exit(config.EXIT_CONFIG)
    except (SupervisorError, EmbeddedError, ChildExited) as error:
        click.echo(f"chatcore: {error}", err=True)
        sys.exit(1)
    raise AssertionError("click ends the process itself")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """A chat server: Twilio's REST API and SDK protocol, and the Centrifuge real-time protocol."""


cli.add_command(user)
cli.add_command(webhooks)
cli.add_command(pushes)
cli.add_command(recount)


@cli.command()
@click.option("--gateways", type=click.IntRange(min=1), help="Number of gateway nodes (CHAT_GATEWAYS).")
def up(gateways: int | None) -> Never:
    """Run everything: servers that are not configured, migrations, gateways, push worker."""
    from chatcore.supervisor.up import Up

    environ = dict(os.environ)
    if gateways is not None:
        environ["CHAT_GATEWAYS"] = str(gateways)
    settings = _load(dev=True, environ=environ)
    if not settings.dev and not settings.secret_keys:
        raise config.ConfigError(["CHAT_SECRET_KEY: required with CHAT_DEV=0; make one with `openssl rand -hex 32`"])
    sys.exit(asyncio.run(Up(settings, environ).run()))


@cli.command()
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes on the same port.")
def gateway(workers: int) -> Never:
    """Run one gateway node: REST, token endpoint and both WebSocket endpoints."""
    settings = _load(need=_SERVING)
    environ = _with_secret_key(settings)
    if workers == 1:
        os.execve(sys.executable, [sys.executable, "-P", "-m", "gateway"], environ)
    from chatcore.supervisor.workers import run_workers

    sys.exit(asyncio.run(run_workers(settings, environ, workers)))


@cli.command()
def push() -> Never:
    """Run one push worker: APNs, FCM and webhooks."""
    settings = _load(need=_SERVING)
    os.execve(sys.executable, [sys.executable, "-P", "-m", "push"], _with_secret_key(settings))


@cli.command()
@click.option("--check", is_flag=True, help="Only say what is missing; exit code 1 if anything is.")
def migrate(check: bool) -> None:
    """Apply the schema migrations. Safe to run concurrently."""
    from chatcore.store import migrate as migrations
    from chatcore.supervisor.administration import database

    async def run() -> list[str]:
        async with database(_load()) as dsn:
            return await (migrations.pending(dsn) if check else migrations.migrate(dsn))

    steps = asyncio.run(run())
    for step in steps:
        click.echo(f"{'pending' if check else 'applied'}: {step}")
    if not steps:
        click.echo("The schema is up to date.")
    sys.exit(1 if check and steps else 0)


@cli.command()
@click.option("--identity", required=True, help="Whom the token stands for.")
@click.option("--service", "service_sid", help="Chat service (IS…); the first one if left out.")
@click.option("--ttl", type=click.IntRange(1, 86400), default=3600, show_default=True, help="Seconds the token lives.")
def token(identity: str, service_sid: str | None, ttl: int) -> None:
    """Mint an access token, signed with the first API key."""
    from chatcore.auth.tokens import mint
    from chatcore.domain.ids import AccountSid, KeySid, ServiceSid
    from chatcore.supervisor.administration import first_identifiers

    known = first_identifiers(_load())
    click.echo(
        mint(
            account_sid=AccountSid(known["account_sid"]),
            key_sid=KeySid(known["api_key_sid"]),
            secret=known["api_key_secret"],
            service_sid=ServiceSid(service_sid or known["service_sid"]),
            identity=identity,
            now=datetime.now(UTC),
            ttl=ttl,
        )
    )


@cli.group()
def account() -> None:
    """Accounts."""


@account.command("create")
@click.option("--name", default="", help="Friendly name.")
def account_create(name: str) -> None:
    """Create an account; prints its SID and auth token."""
    _administer(lambda admin: admin.create_account(name))


@cli.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.option("--account", "account_sid", required=True, help="Account SID (AC…).")
@click.option("--name", default="", help="Friendly name.")
def key_create(account_sid: str, name: str) -> None:
    """Create an API key; prints its SID and secret, which cannot be shown again."""
    _administer(lambda admin: admin.create_key(account_sid, name))


@key.command("revoke")
@click.argument("sid")
def key_revoke(sid: str) -> None:
    """Revoke an API key: its tokens and requests are refused from now on."""

    async def revoke(admin: Admin) -> str:
        if not await admin.revoke_key(sid):
            raise click.ClickException(f"there is no API key {sid} in force")
        return f"{sid} revoked"

    _administer(revoke)


@cli.group()
def service() -> None:
    """Chat services."""


@service.command("create")
@click.option("--account", "account_sid", required=True, help="Account SID (AC…).")
@click.option("--name", required=True, help="Friendly name.")
def service_create(account_sid: str, name: str) -> None:
    """Create a chat service with its default roles; prints its SID."""
    _administer(lambda admin: admin.create_service(account_sid, name))


@cli.group()
def epochs() -> None:
    """Event streams."""


@epochs.command("renew")
def epochs_renew() -> None:
    """After a restore from backup: give every stream a new epoch, so that clients reload and do not mix histories."""

    async def renew(admin: Admin) -> str:
        return f"{await admin.renew_epochs()} streams renewed"

    _administer(renew)


@cli.command("config")
def show_config() -> None:
    """Print the effective settings, secrets masked. For `chatcore up`, CHAT_DEV is on unless set."""
    for name, value in _load().effective():
        click.echo(f"{name}={value}")


@cli.command()
def doctor() -> None:
    """Check configuration, servers, schema, clock and limits; say what is wrong and what to do."""
    from chatcore.doctor import examine

    findings = asyncio.run(examine(dict(os.environ)))
    for finding in findings:
        click.echo(str(finding))
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


def _load(*, dev: bool = False, need: Iterable[str] = (), environ: dict[str, str] | None = None) -> config.Settings:
    settings, notes = config.load(os.environ if environ is None else environ, dev=dev, need=need)
    set_up_logging(settings.log_level, settings.log_format)
    for note in notes:
        _log.warning("%s", note, extra={"action": "foreign_settings"})
    return settings


def _with_secret_key(settings: config.Settings) -> dict[str, str]:
    if settings.secret_keys:
        return dict(os.environ)
    if not settings.dev:
        raise config.ConfigError(["CHAT_SECRET_KEY: required; make one with `openssl rand -hex 32`"])
    return dict(os.environ) | {"CHAT_SECRET_KEY": DataDir(settings.data_dir).secret(SECRET_KEY_FILE)}


def _administer(action: Callable[[Admin], Awaitable[object]]) -> None:
    """Runs one administrative command and prints what it returned."""
    from chatcore.supervisor.administration import administration, database, secret_keys

    settings = _load()

    async def run() -> object:
        async with database(settings) as dsn, administration(dsn, secret_keys(settings)) as admin:
            return await action(admin)

    try:
        result = asyncio.run(run())
    except ChatError as error:
        raise click.ClickException(error.message) from error
    if is_dataclass(result) and not isinstance(result, type):
        result = asdict(result)
    click.echo(result if isinstance(result, str) else json.dumps(result))
